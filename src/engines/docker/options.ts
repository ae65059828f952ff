import {parse, resolve} from 'node:path'
import type {Options} from '../../system/execa.js'

/** How one docker command runs. */
export interface DockerCall {
  env?: NodeJS.ProcessEnv
  signal?: AbortSignal | undefined
}

/** The time limit for Docker Engine to respond, in ms: an address may silently drop every packet. */
export const ANSWER_MS = 10_000

/**
 * Returns the execa options of every docker command: without a shell, outside the user's directory with its Compose
 * files, and killed within half a second after an abort or its time limit.
 */
export function dockerOptions({env, signal}: DockerCall) {
  return {
    stdin: 'ignore',
    cwd: parse(process.cwd()).root,
    env: env ?? dockerEnvironment(),
    extendEnv: false,
    // A derived signal, so that execa's listeners are released with the command and do not accumulate.
    ...(signal && {cancelSignal: AbortSignal.any([signal])}),
    forceKillAfterDelay: 400,
    reject: false,
  } as const satisfies Options
}

/**
 * Returns the environment of every docker command. Variables from which Compose would take files, profiles and names are
 * removed, since we always pass our own. Relative paths become absolute, because the command does not run in the user's
 * directory: without its context, it would use another Docker Engine.
 */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('COMPOSE_'))
  const {DOCKER_CONFIG: config, DOCKER_CERT_PATH: certificates, DOCKER_HOST: host = ''} = process.env
  const [, socket] = /^unix:\/\/(.+)/s.exec(host) ?? []
  return {
    ...Object.fromEntries(ours),
    // An empty variable counts as not set.
    ...(config && {DOCKER_CONFIG: resolve(config)}),
    ...(certificates && {DOCKER_CERT_PATH: resolve(certificates)}),
    ...(socket && {DOCKER_HOST: `unix://${resolve(socket)}`}),
    COMPOSE_DISABLE_ENV_FILE: '1',
  }
}
