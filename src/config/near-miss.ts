import {distance} from 'fastest-levenshtein'
import {SETTINGS} from './settings.js'

/** The setting that somebody meant who wrote a name that nothing reads; nothing when it resembles none. */
export function nearMiss(name: string): string | undefined {
  return SETTINGS.find(setting => setting.name !== name && distance(setting.name, name) <= 2)?.name
}
