import prettyBytes from 'pretty-bytes'

/** A size in words; binary units, as the engine and the server use them. */
export function size(bytes: number): string {
  return prettyBytes(bytes, {binary: true, maximumFractionDigits: 1})
}
