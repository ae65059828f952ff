/** What everything random in this run is made from; AQUASTREAM_TEST_SEED makes the same again. */
export const SEED = Number(process.env.AQUASTREAM_TEST_SEED ?? Date.now() % 1_000_000)

/** How many rounds a test plays: as many as AQUASTREAM_TEST_ROUNDS says, else a few. */
export function roundsOr(few: number): number {
  return Number(process.env.AQUASTREAM_TEST_ROUNDS ?? few)
}

/** One of a list; nothing where that is empty. */
export function oneOf<T>(random: () => number, list: T[]): T | undefined {
  return list[Math.floor(random() * list.length)]
}

/** One of the names, each as often as its odds say. */
export function pick<Name extends string>(random: () => number, odds: Record<Name, number>): Name {
  const names = (Object.keys(odds) as Name[]).flatMap(name => Array<Name>(odds[name]).fill(name))
  return names[Math.floor(random() * names.length)]!
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
