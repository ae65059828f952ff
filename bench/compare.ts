/**
 * Runs A and B in turn, so that a machine that slows down slows both, and gives the ratio of their medians.
 * `between` clears up after each run and is not measured.
 */
export async function compare(
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
  rounds: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Comparison> {
  const times: {a: number[]; b: number[]} = {a: [], b: []}
  for (let round = -1; round < rounds; round++) {
    // The first round only warms up. Who goes first alternates.
    const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const)
    for (const who of order) {
      const began = performance.now()
      await (who === 'a' ? a() : b())
      const took = performance.now() - began
      if (round >= 0) times[who].push(took)
      await between()
    }
  }
  return {a: median(times.a), b: median(times.b), ratio: median(times.a) / median(times.b)}
}

/** Medians in milliseconds, and A over B. */
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
