/** How often, in words. */
export function timesWord(times: number): string {
  return times === 1 ? 'once' : `${times} times`
}
