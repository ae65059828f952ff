import {setTimeout as sleep} from 'node:timers/promises'

/** Milliseconds between two attempts. */
const PACE_MS = 500

/**
 * Repeats work as long as it fails for a reason that passes, such as a lock that another command holds.
 * @throws any other error of the work; the reason of the signal
 */
export async function repeatWhile<T>(
  passes: (error: unknown) => boolean,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!passes(error)) throw error
      await sleep(PACE_MS, undefined, {signal})
    }
  }
}
