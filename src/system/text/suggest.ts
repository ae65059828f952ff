import {closest, distance} from 'fastest-levenshtein'

/**
 * Returns the name most similar to what was typed, or undefined if none is similar enough.
 * @param limit the largest number of letters that may be wrong, missing or too many
 */
export function nearest(typed: string, names: readonly string[], limit = 2): string | undefined {
  const others = names.filter(name => name !== typed)
  if (others.length === 0) return undefined
  const near = closest(typed, others)
  return distance(typed, near) <= Math.min(limit, near.length / 2) ? near : undefined
}

/** Returns a hint that lists the valid names, with the most similar one first. */
export function chooseAmong(typed: string, names: readonly string[]): string {
  const near = nearest(typed, names)
  const list = names.join(', ')
  return near === undefined ? `use one of ${list}` : `${didYouMean(near)} Valid names: ${list}`
}

/** Returns the question that suggests a name; it continues a sentence. */
export function didYouMean(name: string): string {
  return `did you mean ${name}?`
}
