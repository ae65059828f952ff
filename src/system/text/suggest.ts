import {closest, distance} from 'fastest-levenshtein'

/** What somebody meant who typed another name; nothing when it is like none of them. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const others = names.filter(name => name !== typed)
  if (others.length === 0) return undefined
  const near = closest(typed, others)
  return distance(typed, near) <= Math.min(2, near.length / 2) ? near : undefined
}

/** A hint that names what there is, and first what was meant. */
export function chooseAmong(typed: string, names: readonly string[]): string {
  const near = nearest(typed, names)
  const list = names.join(', ')
  return near === undefined ? `there are ${list}` : `did you mean ${near}? There are ${list}`
}
