const FORMAT = new Intl.NumberFormat('en')

/** Formats a number with thousands separators: 11,632. */
export function count(rows: number): string {
  return FORMAT.format(rows)
}
