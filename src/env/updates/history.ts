import type {Profile} from '../../config/profile.js'
import type {Engine, History, UpdateRecord} from '../../engines/engine.js'
import {openEngine} from '../../engines/open.js'
import type {StackContext} from '../../engines/stack-context.js'
import {AquastreamError} from '../../errors.js'

export interface HistoryReport {
  profile: Profile
  project: string
  engine: Engine['name']
  /** Newest first. */
  updates: UpdateRecord[]
  /** Paths of records that are damaged, and so ignored. */
  damaged: string[]
}

/**
 * Lists the updates of a stack.
 * @throws refused: the engine keeps no history; the errors of the engine
 */
export async function readHistory(stack: StackContext, signal: AbortSignal): Promise<HistoryReport> {
  const {profile, project} = stack
  const engine = await openEngine(stack)
  const {updates, damaged} = await historyOf(engine, profile).list(signal)
  return {profile, project, engine: engine.name, updates, damaged}
}

/**
 * Returns the history of an engine.
 * @throws refused: it keeps none
 */
export function historyOf({history}: Engine, profile: Profile): History {
  if (history) return history
  throw new AquastreamError('refused', `there is no history of updates in ${profile}`, {
    hint: 'to run another version: BACKEND_VERSION=… aquastream env:up; only stage and prod have a history',
  })
}
