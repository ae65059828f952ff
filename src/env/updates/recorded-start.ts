import {isHealthyOrSkipped, type ServiceState} from '../../stack/state.js'
import {succeeds} from '../../system/succeeds.js'
import {type Start, startAndWait, type WaitContext, type WaitEvent} from '../wait.js'

/** Starts services as startAndWait does. Records what came of it, and how long each service took to start. */
export async function startRecorded(start: Start, ctx: WaitContext): Promise<ServiceState[]> {
  const {engine} = start
  const began = performance.now()
  const ready = new Map<string, number>()
  const on = (event: WaitEvent): void => {
    if (event.state === 'ready') ready.set(event.service, Date.now())
    ctx.on(event)
  }
  try {
    const states = await startAndWait(start, {...ctx, on})
    if (!ctx.wait) return states
    await engine.history?.settle?.(states)
    const seconds = startTimes(states.filter(isStarted(ctx.before)), ready, performance.now() - began)
    await engine.startTimes?.save(seconds)
    return states
  } catch (error) {
    // After an interruption nobody knows yet what comes of it.
    if (!ctx.signal.aborted)
      await succeeds(engine.states().then(async states => engine.history?.settle?.(states)))
    throw error
  }
}

function isStarted(before: ServiceState[]): (state: ServiceState) => boolean {
  return ({service, id, since}) =>
    !before.some(old => old.service === service && old.id === id && old.since === since)
}

/**
 * Returns the seconds from the start of each container until it was seen healthy. The engine may be on another machine:
 * a time that its clock makes impossible is left out.
 * @param limit the ms since the command has begun
 */
function startTimes(states: ServiceState[], ready: Map<string, number>, limit: number): Map<string, number> {
  const times = states.filter(isHealthyOrSkipped).map(({service, since}): [string, number] => {
    const ms = (ready.get(service) ?? NaN) - Date.parse(since ?? '')
    return [service, ms]
  })
  return new Map(
    times.filter(([, ms]) => ms >= 0 && ms <= limit).map(([service, ms]) => [service, Math.round(ms / 1000)]),
  )
}
