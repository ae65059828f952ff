import {execa} from '../system/execa.js'

/** The time limit of one lookup or connection, in ms. */
const ANSWER_MS = 5000

/**
 * Returns the host name of the registry of an image. The first component is a host if it looks like one, see
 * https://pkg.go.dev/github.com/distribution/reference
 */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost ? first.replace(/:\d+$/, '') : 'registry-1.docker.io'
}

/** Returns whether the system resolves a host name. */
export async function isKnownHost(host: string, signal: AbortSignal): Promise<boolean> {
  return succeeds(
    `require('node:dns').lookup(process.argv[1], error => process.exit(error ? 1 : 0))`,
    [host],
    signal,
  )
}

/** Returns whether the registry of an image accepts connections from this machine. */
export async function isRegistryReachable(image: string, signal: AbortSignal): Promise<boolean> {
  const host = registryOf(image)
  const [, port = '443'] = /^[^/]+:(\d+)\//.exec(image) ?? []
  const script = `require('node:net').connect(process.argv[2], process.argv[1], () => process.exit(0)).on('error', () => process.exit(1))`
  return succeeds(script, [host, port], signal)
}

/** Runs in a separate process: a lookup by the system's resolver cannot be cancelled, and may never be answered. */
async function succeeds(script: string, args: string[], cancelSignal: AbortSignal): Promise<boolean> {
  const {exitCode} = await execa(process.execPath, ['-e', script, ...args], {
    stdin: 'ignore',
    reject: false,
    timeout: ANSWER_MS,
    cancelSignal,
  })
  return exitCode === 0
}
