/** Parses an amount such as "100", "100.5" or "100.50". Returns kopecks, or undefined if it is not a positive amount. */
export function parseKopecks(amount: string): number | undefined {
  const parts = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(amount)
  const value = parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : 0
  return value > 0 ? value : undefined
}

/** Formats kopecks as the providers do, such as "100.50". */
export function formatKopecks(kopecks: number): string {
  return `${Math.floor(kopecks / 100)}.${String(kopecks % 100).padStart(2, '0')}`
}
