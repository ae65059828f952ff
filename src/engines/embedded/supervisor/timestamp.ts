let last = 0n

/** Returns the current time in the format of LogLine. Each value is unique, so that all lines have one order. */
export function stamp(): string {
  const now = BigInt(Date.now()) * 1_000_000n
  last = now > last ? now : last + 1n
  const milliseconds = new Date(Number(last / 1_000_000n)).toISOString().slice(0, -1)
  return `${milliseconds}${String(last % 1_000_000n).padStart(6, '0')}Z`
}
