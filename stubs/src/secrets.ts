import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import type {Environment} from './variables.js'

/**
 * Adds the secrets that the container has as files, under the names of the files, to the variables. Spring reads such files
 * if SPRING_CONFIG_IMPORT names their directory, and so does a stub:
 * https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.files.configtree
 */
export function withSecretFiles(env: Environment): Environment {
  const [, directory] = /^(?:optional:)?configtree:(.+)$/.exec(env.SPRING_CONFIG_IMPORT ?? '') ?? []
  if (!directory) return env
  const files = readdirSync(directory).filter(name => /^[A-Z][A-Z0-9_]*$/.test(name))
  const secrets = files.map(name => [name, readFileSync(join(directory, name), 'utf8')])
  const found = Object.fromEntries(secrets) as Environment
  return {...found, ...env}
}
