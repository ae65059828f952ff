import type {Context, Plan} from '../../engines/engine.js'
import type {ServiceState} from '../../stack/state.js'
import type {Start, WaitContext, WaitEvent} from '../wait.js'
import {findInterruption, type InterruptionEvent, withDependents} from './interruption.js'
import {startRecorded} from './recorded-start.js'

export type UpdateEvent = InterruptionEvent | WaitEvent

export interface Update {
  start: Start
  plan: Plan
}

/**
 * Makes a start that may replace services: announces what it interrupts, and records what came of it.
 * @throws the errors of startAndWait
 */
export async function runUpdate(
  {start, plan}: Update,
  ctx: WaitContext & Context<UpdateEvent>,
): Promise<ServiceState[]> {
  const {engine} = start
  const replaced = plan.changes.filter(({action}) => action === 'recreate')
  const names = withDependents(replaced.map(({service}) => service))
  const asked = names.filter(name => plan.target.services.includes(name))
  const interruption = await findInterruption(engine, asked, ctx.before)
  if (interruption) ctx.on(interruption)
  return startRecorded(start, ctx)
}
