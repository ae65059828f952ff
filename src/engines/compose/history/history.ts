import {once} from '../../../system/once.js'
import type {History, Plan, StartTimes} from '../../engine.js'
import type {StackContext} from '../../stack-context.js'

/** What is kept about the updates of a stack in the state directory. */
export interface Updates {
  history: History
  startTimes: StartTimes
  /** Records the update that a start makes, before it begins. */
  begin(plan: Plan, signal: AbortSignal): Promise<void>
}

/** Opens the history of a stack; nothing is read or written yet. The modules load zod, and few commands need them. */
export function openUpdates(stack: StackContext): Updates {
  const log = once(async () => new (await import('./log.js')).UpdateLog(stack))
  return {
    history: {
      async list() {
        const {updates, damaged} = await (await import('./store.js')).readUpdates(stack)
        const named = updates.map(({id, at, by, command, changes}) => ({
          id,
          at,
          by,
          command,
          changes: changes.map(({from, to, ...change}) => ({...change, from: from.image, to: to.image})),
        }))
        return {updates: named, damaged}
      },
      findPrevious: async (services, signal) =>
        (await import('./rollback.js')).findPreviousImages(stack, services, signal),
      rollBack: async (versions, signal) =>
        (await import('./rollback.js')).rollBack(versions, {stack, log: await log(), signal}),
      settle: async states => (await log()).settle(states),
    },
    startTimes: {
      read: async () => (await import('./start-times.js')).readStartTimes(stack),
      save: async seconds => (await import('./start-times.js')).saveStartTimes(stack, seconds),
    },
    async begin(plan, signal) {
      const {changesOf} = await import('./changes.js')
      const {readUpdates} = await import('./store.js')
      const {updates} = await readUpdates(stack)
      await (await log()).begin('env:up', await changesOf(plan, updates, signal))
    },
  }
}
