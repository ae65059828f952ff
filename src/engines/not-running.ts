import type {Profile} from '../config/profile.js'
import type {Problem} from '../errors.js'
import type {Engine} from './engine.js'

/** Returns the problem that a service or stack is not running, including whether Docker could be queried. */
export function notRunning(
  what: string,
  profile: Profile,
  dockerProblem: Engine['dockerProblem'] | null,
): Problem {
  const start = `aquastream env:up --profile ${profile}`
  if (!dockerProblem)
    return {code: 'not-healthy', message: `${what} is not running`, hint: `start it: ${start}`}
  return {
    code: 'not-healthy',
    message: `${what} is not running on the embedded engine, and ${dockerProblem}`,
    hint: `if it runs on Docker, start Docker; otherwise start it: ${start}`,
  }
}
