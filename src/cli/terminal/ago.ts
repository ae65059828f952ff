const DAY_S = 86_400

/**
 * Returns the age of a time in the largest fitting unit, as Docker does: 40s, 5m, 3h, 2d. A time up to a day in
 * the future, which clock skew can cause, is 0s.
 */
export function ago(then: Date): string {
  const seconds = Math.round((Date.now() - then.getTime()) / 1000)
  if (seconds < -DAY_S) return 'future'
  if (seconds < 120) return `${Math.max(0, seconds)}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 2 * DAY_S) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / DAY_S)}d`
}
