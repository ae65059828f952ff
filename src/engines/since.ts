const UNITS: Record<string, number> = {h: 3_600_000, m: 60_000, s: 1000}

/** Converts a duration such as `1h30m` to the time that long ago; returns a time unchanged. */
export function toTime(since: string): string {
  if (!/^(\d+[hms])+$/.test(since)) return since
  const parts = [...since.matchAll(/(\d+)([hms])/g)]
  const ago = parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0)
  return new Date(Date.now() - ago).toISOString()
}
