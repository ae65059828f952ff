/** Wraps a function so that it runs on the first call, and later calls return the same result. */
export function once<T>(create: () => T): () => T {
  let created: {value: T} | undefined
  return () => (created ??= {value: create()}).value
}
