import {createHash} from 'node:crypto'
import type {ContainerSpec} from './spec.js'

/** The directory in which Swarm mounts secrets. */
const DIRECTORY = '/run/secrets'

/** Sets an environment variable for each secret; a part of a shell script. Only the processes of the container see them. */
export const EXPORT_SECRETS = `for file in ${DIRECTORY}/*; do export "\${file##*/}=$(cat "$file")"; done`

/** Returns the command that runs another one with an environment variable for each secret of its container. */
export function withSecrets(command: string[]): string[] {
  return ['sh', '-c', `${EXPORT_SECRETS}; exec "$@"`, 'with-secrets', ...command]
}

/** How the services of a kind read secrets: PostgreSQL and MinIO from files, and Spring from a tree of files. */
export type SecretReader = 'file' | 'export' | 'tree'

/** A secret of the stack, and the name under which Swarm stores it. */
export interface Secret {
  name: string
  value: string
}

/** The environment of a service without its secrets, and the secrets. */
export interface Environment {
  env: Record<string, string>
  secrets: NonNullable<ContainerSpec['Secrets']>
}

/**
 * Swarm cannot change a secret, so its name contains a hash of the value, and a new value updates the services that use it.
 * @param secrets the values of all secret settings by their names
 */
export function secretsOf(project: string, secrets: Record<string, string>): Secret[] {
  return Object.entries(secrets).map(([setting, value]) => {
    const hash = createHash('sha256').update(`${project}\0${setting}\0${value}`).digest('hex').slice(0, 12)
    return {name: `${project}_${setting.toLowerCase()}_${hash}`, value}
  })
}

/**
 * Moves secrets from the environment of a service to files.
 * @param user the user of the container as Compose has it; only that user can read the files, if it is a number
 */
export function separate(
  environment: Record<string, string>,
  secrets: Secret[],
  {reader, user = ''}: {reader: SecretReader; user?: string | undefined},
): Environment {
  const found = Object.entries(environment).flatMap(([variable, value]) => {
    const secret = secrets.find(candidate => candidate.value === value)
    return secret ? [{variable, SecretName: secret.name}] : []
  })
  const plain = Object.entries(environment).filter(([name]) => found.every(({variable}) => variable !== name))
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(user) ?? []
  // Octal 400 for a known user, otherwise 444: nothing else runs in the container.
  const owner = uid === undefined ? {UID: '0', GID: '0', Mode: 0o444} : {UID: uid, GID: gid!, Mode: 0o400}
  return {
    env: {...Object.fromEntries(plain), ...(found.length > 0 && extra(found, reader))},
    secrets: found.flatMap(({variable, SecretName}) =>
      namesOf(variable, reader).map(Name => ({SecretName, File: {Name, ...owner}})),
    ),
  }
}

/** A Spring property is found under its own name, and one such as ${JWT_SECRET} under the name of the variable. */
function namesOf(variable: string, reader: SecretReader): string[] {
  return reader === 'tree' ? [variable, variable.toLowerCase().replaceAll('_', '.')] : [variable]
}

function extra(found: {variable: string}[], reader: SecretReader): Record<string, string> {
  if (reader === 'tree') return {SPRING_CONFIG_IMPORT: `optional:configtree:${DIRECTORY}/`}
  if (reader === 'export') return {}
  return Object.fromEntries(found.map(({variable}) => [`${variable}_FILE`, `${DIRECTORY}/${variable}`]))
}
