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
  const columns: {title: string; values: Medians; unit: number; digits: number}[] = [
    {title: 'seconds', values: times, unit: 1000, digits: 2},
    {title: 'CPU s', values: cpu, unit: 1, digits: 2},
    {title: 'MB', values: sizes, unit: 1e6, digits: 1},
  ].filter(({values}) => Number.isFinite(values[first]))
  console.log(what.padEnd(36) + columns.map(({title}) => `${title.padStart(8)}  ratio`).join(''))
  for (const name of Object.keys(times)) {
    const cells = columns.map(({values, unit, digits}) => {
      const value = values[name]
      if (value === undefined) return ''.padStart(15)
      return (value / unit).toFixed(digits).padStart(8) + (value / values[first]!).toFixed(2).padStart(7)
    })
    console.log(`${name.padEnd(36)}${cells.join('')}`.trimEnd())
  }
}
