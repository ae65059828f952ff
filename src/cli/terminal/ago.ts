const DAY_S = 86_400

/** The largest unit that fits, as docker does: 40s, 5m, 3h, 2d. What a clock's error puts ahead is now. */
export function ago(then: Date): string {
  const seconds = Math.round((Date.now() - then.getTime()) / 1000)
  if (seconds < -DAY_S) return 'ahead'
  if (seconds < 120) return `${Math.max(0, seconds)}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 2 * DAY_S) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / DAY_S)}d`
}
