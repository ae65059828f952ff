import type {Context, Plan} from '../../engines/engine.js'
import type {ServiceState} from '../../stack/state.js'
import type {Start, WaitContext, WaitEvent} from '../wait.js'
import {type BackUp, type BackupEvent, labelFor, notBegun, ownersIn, withRestoreHint} from './backup.js'
import {findInterruption, type InterruptionEvent, withDependents} from './interruption.js'
import {startRecorded} from './recorded-start.js'
import {type UnreachableEvent, withSmokeTest} from './smoke-test.js'

export type UpdateEvent = InterruptionEvent | BackupEvent | UnreachableEvent | WaitEvent

export interface Update {
  start: Start
  plan: Plan
  /** Undefined if no backup is wanted. */
  backUp: BackUp | undefined
  /** Where a server is set that a restore would use instead of that of the stack. */
  databaseUrlSource: string | undefined
}

/**
 * Makes a start that may replace services: announces what it interrupts, first backs up the schemas whose services get
 * another image, and records what came of it.
 * @throws the errors of the backup and of startAndWait
 */
export async function runUpdate(
  {start, plan, backUp, databaseUrlSource}: Update,
  ctx: WaitContext & Context<UpdateEvent>,
): Promise<ServiceState[]> {
  const {engine, profile} = start
  const replaced = plan.changes.filter(({action}) => action === 'recreate')
  const updated = replaced.map(({service}) => service)
  const isAsked = (name: string): boolean => plan.target.services.includes(name)
  const interruption = await findInterruption(engine, withDependents(updated).filter(isAsked), ctx.before)
  if (interruption) ctx.on(interruption)
  const test = {updated: updated.filter(isAsked), run: () => startRecorded(start, ctx)}
  const run = async () => withSmokeTest(engine, test, ctx)
  const owners = profile === 'dev' ? [] : ownersIn(replaced)
  if (!backUp || owners.length === 0) return run()
  const schemas = owners.map(({schema}) => schema)
  const label = labelFor(owners)
  ctx.on({type: 'backup', state: 'started', schemas})
  const id = await backUp({schemas, label}, ctx.signal).catch((error: unknown) => {
    throw ctx.signal.aborted ? error : notBegun(error)
  })
  ctx.on({type: 'backup', state: 'done', id, label})
  return run().catch(async (error: unknown) => {
    const {before} = ctx
    throw ctx.signal.aborted
      ? error
      : await withRestoreHint(error, {id, owners, before, databaseUrlSource}, engine)
  })
}
