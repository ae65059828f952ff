/** Formats a number with thousands separators: 11,632. */
export function count(rows: number): string {
  return rows.toLocaleString('en')
}
