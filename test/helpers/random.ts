/**
 * The seed of everything random in this run: AQUASTREAM_TEST_SEED, or one that never changes, so that a change of the code is
 * judged by the same cases as the one before. `npm run test:rounds` chooses another seed each time.
 */
export const SEED = Number(process.env.AQUASTREAM_TEST_SEED ?? 1)

/** Returns the number of rounds of a test: AQUASTREAM_TEST_ROUNDS, or this default. */
export function roundsOr(few: number): number {
  return Number(process.env.AQUASTREAM_TEST_ROUNDS ?? few)
}

/** Returns a random element of a list; undefined if the list is empty. */
export function oneOf<T>(random: () => number, list: T[]): T | undefined {
  return list[Math.floor(random() * list.length)]
}

/** Returns a random name; the odds are relative frequencies. */
export function pick<Name extends string>(random: () => number, odds: Record<Name, number>): Name {
  const names = (Object.keys(odds) as Name[]).flatMap(name => Array<Name>(odds[name]).fill(name))
  return names[Math.floor(random() * names.length)]!
}

/** Returns a generator of numbers from 0 to 1; the same seed gives the same numbers (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
