/** Work that a process has to finish before an interrupt may end it. */
const running = new Set<Promise<unknown>>()

/**
 * Runs work that must not be left half done: after an interrupt the process waits for its end. The work limits its own
 * time, which has to be seconds.
 */
export async function finishFirst<T>(work: () => Promise<T>): Promise<T> {
  const promise = work()
  running.add(promise)
  try {
    return await promise
  } finally {
    running.delete(promise)
  }
}

/** Waits until all such work has ended. */
export async function whenFinished(): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running)
}
