import prettyBytes from 'pretty-bytes'

/** Formats a size in binary units, as Docker and PostgreSQL do: 1.5 MiB. */
export function size(bytes: number): string {
  return prettyBytes(bytes, {binary: true, maximumFractionDigits: 1})
}
