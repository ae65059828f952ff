/** Returns whether a promise is fulfilled, where the reason of a rejection does not matter. */
export async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  )
}
