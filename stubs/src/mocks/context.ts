import type {ChangeEvents} from './change-events.js'
import type {Failures} from './failures/failures.js'
import type {MockSettings} from './settings.js'
import type {Webhooks} from './webhooks/webhooks.js'

/** The parts that all mocks share. */
export interface MockContext {
  settings: MockSettings
  /** Informs open pages about changes. */
  events: ChangeEvents
  failures: Failures
  webhooks: Webhooks
}
