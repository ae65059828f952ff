/**
 * Runs work at the same time. The first failure aborts the rest, and is thrown when everything has ended.
 * @param work starts the work, with a signal that it has to follow
 */
export async function together<T extends unknown[]>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => {[K in keyof T]: Promise<T[K]>},
): Promise<T> {
  const failed = new AbortController()
  const running = work(AbortSignal.any([signal, failed.signal]))
  for (const one of running as Promise<unknown>[]) one.catch((error: unknown) => failed.abort(error))
  await Promise.allSettled(running)
  failed.signal.throwIfAborted()
  return Promise.all(running)
}
