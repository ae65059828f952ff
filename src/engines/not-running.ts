import type {Profile} from '../config/profile.js'
import type {Problem} from '../errors.js'
import type {Engine} from './engine.js'

/** That something does not run, as far as is known, and what to type next. */
export function notRunning(what: string, profile: Profile, unasked: Engine['unasked'] | null): Problem {
  const start = `aquastream env:up --profile ${profile}`
  if (!unasked) return {code: 'not-healthy', message: `${what} is not running`, hint: `start it: ${start}`}
  return {
    code: 'not-healthy',
    message: `${what} is not running on the embedded engine, and ${unasked}`,
    hint: `start Docker if it runs there; else start it: ${start}`,
  }
}
