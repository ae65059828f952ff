/**
 * Runs work for each item, at most `jobs` at a time; returns the results by item. Rejects with the first failure.
 */
export async function inParallel<T>(
  items: string[],
  jobs: number,
  work: (item: string) => Promise<T>,
): Promise<Map<string, T>> {
  const results = new Map<string, T>()
  const rest = items.values()
  const worker = async (): Promise<void> => {
    for (const item of rest) results.set(item, await work(item))
  }
  await allOrFirstError(Array.from({length: jobs}, worker))
  return results
}

/** Like Promise.all, but rejects only after all promises have settled. */
export async function allOrFirstError<T extends unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>
}): Promise<T> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
