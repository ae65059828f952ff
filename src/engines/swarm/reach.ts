import {setTimeout as sleep} from 'node:timers/promises'
import {readStates} from './states.js'

/** How long the gateway may take for an answer, in ms. */
const ANSWER_MS = 5000

/** A service is unreachable if this many requests fail: one may meet a container that is being replaced. */
const ATTEMPTS = 3
const PAUSE_MS = 1000

/**
 * Finds backends that edge and the gateway do not reach. A status below 500 comes from the backend, or from a gateway that
 * has no such route, which says nothing. If edge does not run, or a firewall closes its port, all are returned.
 */
export async function findUnreachable(
  project: string,
  backends: string[],
  signal: AbortSignal,
): Promise<string[]> {
  const edge = (await readStates(project, signal)).find(({service}) => service === 'edge')
  const [address] = Object.values(edge?.published ?? {})
  if (edge?.health !== 'healthy' || address === undefined) return backends
  const reached = backends.map(async name => reaches(`http://${address}/api/v1/${name}`, signal))
  const answers = await Promise.all(reached)
  return backends.filter((_, index) => !answers[index])
}

async function reaches(url: string, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const until = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    // Neither the body nor a redirect matters.
    const response = await fetch(url, {method: 'HEAD', redirect: 'manual', signal: until}).catch(
      () => undefined,
    )
    if (response && response.status < 500) return true
    signal.throwIfAborted()
    if (attempt === ATTEMPTS) return false
    await sleep(PAUSE_MS, undefined, {signal})
  }
}
