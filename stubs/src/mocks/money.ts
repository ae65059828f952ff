/** The amount in kopecks of "100", "100.5" or "100.50"; nothing when it is none, or not above zero. */
export function kopecks(amount: string): number | undefined {
  const parts = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(amount)
  const value = parts ? Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0')) : 0
  return value > 0 ? value : undefined
}

/** Kopecks as the providers write them: "100.50". */
export function decimal(amount: number): string {
  return `${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}`
}
