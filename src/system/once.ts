/** The same function, which does its work on the first call and remembers the result. */
export function once<T>(create: () => T): () => T {
  let created: {value: T} | undefined
  return () => (created ??= {value: create()}).value
}
