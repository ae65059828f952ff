import {hostname} from 'node:os'
import {isHealthyOrSkipped, type ServiceState} from '../../../stack/state.js'
import {succeeds} from '../../../system/succeeds.js'
import {userName} from '../../../system/user-name.js'
import {newId, type Place, prune, type RecordedImage, type RecordedUpdate, writeUpdate} from './store.js'

/** The images of a service before and after an update. */
export interface ImageChange {
  service: string
  from: RecordedImage
  to: RecordedImage
}

/** The record of one update, which is written before it begins, so that a command that is killed leaves a trace. */
export class UpdateLog {
  #begun: {id: string; update: RecordedUpdate} | undefined

  constructor(private readonly place: Place) {}

  /**
   * Records an update; does nothing if no image changes.
   * @throws state-directory
   */
  async begin(command: string, changes: ImageChange[]): Promise<void> {
    const real = changes.filter(({from, to}) => from.id !== to.id)
    if (real.length === 0) return
    const at = new Date().toISOString()
    const id = newId(at)
    const update: RecordedUpdate = {
      format: 1,
      at,
      by: `${userName()}@${hostname()}`,
      command,
      changes: real.map(change => ({...change, result: 'unknown'})),
    }
    await writeUpdate(this.place, id, update)
    await succeeds(prune(this.place))
    this.#begun = {id, update}
  }

  /** Records what came of the update, by what runs now. A failure changes nothing: the history only describes. */
  async settle(states: ServiceState[]): Promise<void> {
    if (!this.#begun) return
    const {id, update} = this.#begun
    const changes = update.changes.map(change => {
      const now = states.find(({service}) => service === change.service)
      const isDone = now?.imageId === change.to.id && isHealthyOrSkipped(now)
      return {...change, result: isDone ? ('completed' as const) : ('failed' as const)}
    })
    await succeeds(writeUpdate(this.place, id, {...update, changes}))
  }
}
