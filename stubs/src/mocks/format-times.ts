/** Formats a number of repetitions: "once", "2 times". */
export function formatTimes(times: number): string {
  return times === 1 ? 'once' : `${times} times`
}
