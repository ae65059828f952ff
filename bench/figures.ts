import type {Medians} from './compare.js'

/** A ratio that has a target: the median of `a` divided by that of `b`, or of their sizes. */
export interface Figure {
  a: string
  b: string
  of?: 'size'
  atMost?: number
  atLeast?: number
}

export const BACKUP_FIGURES: Figure[] = [
  {a: 'pg_dump -Fc, then gzip of the file', b: 'aquastream db:backup', atLeast: 5},
  {a: 'aquastream db:backup', b: 'pg_dump -Fc, then gzip of the file', of: 'size', atMost: 1.15},
  {a: 'pg_dump -Fc, then gzip of the file', b: 'db:backup --compression gzip:1', atLeast: 3.5},
  {a: 'pg_dump -Fc, then gzip of the file', b: 'db:backup --compression zstd:1', atLeast: 5},
  {a: 'aquastream db:backup', b: 'the floor: all at once to /dev/null', atMost: 1.5},
  {a: 'db:backup --compression gzip:1', b: 'the floor: all at once to /dev/null', atMost: 2},
]
export const ONE_FIGURES: Figure[] = [
  {a: 'db:restore, nothing there to save', b: 'gunzip | psql, and ANALYZE', atMost: 1.1},
  {a: 'aquastream db:restore', b: 'gunzip | psql, and ANALYZE', atMost: 1.5},
]
export const ALL_FIGURES: Figure[] = [
  {a: 'db:restore, nothing there to save', b: 'gunzip | psql, and ANALYZE', atMost: 1.1},
  {a: 'db:restore into a new database', b: 'two psql in parallel', atMost: 1.15},
  {a: 'db:restore into a new database', b: 'gunzip | psql in turn', atMost: 0.9},
]

export const UP_FIGURES: Figure[] = [{a: 'env:up', b: 'docker compose up -d --wait', atMost: 1.05}]

/** Prints each figure with its target, and whether it is reached; skips those whose contenders did not take part. */
export function printFigures(
  figures: Figure[],
  times: Medians,
  {sizes, cpu}: {sizes: Medians; cpu: Medians} = {sizes: {}, cpu: {}},
): void {
  for (const {a, b, of, atMost, atLeast} of figures) {
    const values = of === 'size' ? sizes : times
    const ratio = values[a]! / values[b]!
    if (Number.isNaN(ratio)) continue
    const isReached = ratio <= (atMost ?? Infinity) && ratio >= (atLeast ?? 0)
    const target = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
    const what = `${of === 'size' ? 'size of ' : ''}${a} / ${b}`
    const work = of === 'size' ? NaN : cpu[a]! / cpu[b]!
    const also = Number.isNaN(work) ? '' : ` (CPU time ${work.toFixed(2)})`
    console.log(`${what}: ${ratio.toFixed(2)}${also}, ${target}: ${isReached ? 'reached' : 'not reached'}`)
  }
  console.log()
}

/** Prints the times, each also as a ratio to the first; CPU time and sizes only where they were measured. */
export function printTable(what: string, times: Medians, {sizes, cpu}: {sizes: Medians; cpu: Medians}): void {
  const [first] = Object.keys(times) as [string]
  const columns = (value: number | undefined, base: number | undefined, digits: number): string =>
    value === undefined || base === undefined
      ? ''.padStart(15)
      : `${value.toFixed(digits).padStart(8)}${(value / base).toFixed(2).padStart(7)}`
  const seconds = (ms: number): number => ms / 1000
  const megabytes = (name: string): number | undefined => sizes[name] && sizes[name] / 1e6
  console.log(`${what.padEnd(36)} seconds  ratio   CPU s  ratio      MB  ratio`)
  for (const [name, ms] of Object.entries(times)) {
    const elapsed = columns(seconds(ms), seconds(times[first]!), 2)
    const work = columns(cpu[name], cpu[first], 2)
    const size = columns(megabytes(name), megabytes(first), 1)
    console.log(`${name.padEnd(36)}${elapsed}${work}${size}`.trimEnd())
  }
}
