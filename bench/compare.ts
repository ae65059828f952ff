import {readdir, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'

/** Medians in milliseconds, or sizes in bytes, by the name of the contender. */
export type Medians = Record<string, number>

/**
 * Runs all in turn, so that a machine that slows down slows each, and gives the median of each in milliseconds.
 * `between` clears up after each run and is not measured.
 */
export async function inTurn<Name extends string>(
  contenders: Record<Name, () => Promise<unknown>>,
  rounds: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[]
  const times = new Map<Name, number[]>(names.map(name => [name, []]))
  for (let round = -1; round < rounds; round++) {
    // The first round is a warm-up and is not counted. The order alternates.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const began = performance.now()
      await contenders[name]()
      const took = performance.now() - began
      if (round >= 0) times.get(name)!.push(took)
      await between()
    }
  }
  return Object.fromEntries([...times].map(([name, took]) => [name, median(took)])) as Record<Name, number>
}

/** Runs a shell command for each word, which is its $1, one after another. */
export async function forEach(words: string[], line: string, env: NodeJS.ProcessEnv): Promise<void> {
  // A pipeline also fails if its first program does.
  const script = `set -eo pipefail; for word; do set -- "$word"; ${line}; done`
  await execa('bash', ['-c', script, 'bash', ...words], {env, extendEnv: false})
}

/** Returns the work of a contender, which afterwards also stores the bytes of the files in `directory` under its name. */
export function withSize(
  name: string,
  directory: string,
  {sizes, work}: {sizes: Medians; work: () => Promise<unknown>},
): () => Promise<void> {
  return async () => {
    await work()
    const names = await readdir(directory, {recursive: true})
    const stats = await Promise.all(names.map(file => stat(join(directory, file))))
    sizes[name] = stats.filter(file => file.isFile()).reduce((sum, {size}) => sum + size, 0)
  }
}

/** Runs two commands alternately, and prints the ratio of their medians. */
export async function compare(
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
  rounds: number,
  between?: () => Promise<unknown>,
): Promise<Comparison> {
  const medians = await inTurn({a, b}, rounds, between)
  return {...medians, ratio: medians.a / medians.b}
}

/** The medians in milliseconds, and the ratio of A to B. */
export interface Comparison {
  a: number
  b: number
  ratio: number
}

export function report(what: string, {a, b, ratio}: Comparison): void {
  console.log(
    `${what.padEnd(34)} ${a.toFixed(0).padStart(7)} ms ${b.toFixed(0).padStart(7)} ms  ${ratio.toFixed(3)}`,
  )
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((x, y) => x - y)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
