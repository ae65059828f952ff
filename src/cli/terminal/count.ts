/** A number of rows in words: 11,632. */
export function count(rows: number): string {
  return rows.toLocaleString('en')
}
