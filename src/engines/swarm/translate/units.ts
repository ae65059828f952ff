const NANOSECONDS: Record<string, number> = {ms: 1e6, s: 1e9, m: 60e9, h: 3600e9}

/** Returns the nanoseconds of a duration as Go prints it, such as 1m0s or 500ms. */
export function nanoseconds(duration: string): number {
  return [...duration.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * NANOSECONDS[unit!]!,
    0,
  )
}

/** Returns the bytes of a size such as 128m. */
export function bytes(size: string): number {
  const exponent = ['', 'k', 'm', 'g'].indexOf(/[kmg]?$/.exec(size)![0])
  return Number.parseInt(size, 10) * 1024 ** exponent
}
