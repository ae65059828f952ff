const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Formats a size in binary units, as Docker and PostgreSQL do: 1.5 MiB. */
export function size(bytes: number): string {
  const unit = UNITS.findIndex((_, index) => bytes < 1024 ** (index + 1))
  const last = unit < 0 ? UNITS.length - 1 : unit
  return `${Math.round((bytes / 1024 ** last) * 10) / 10} ${UNITS[last]}`
}
