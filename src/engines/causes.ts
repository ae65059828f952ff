import type {ServiceState} from '../stack/state.js'
import type {Diagnosis} from './engine.js'

/** Why a service cannot become healthy, without what it wrote. */
export type Finding = Omit<Diagnosis, 'evidence'>

const CAUSES: Record<string, (state: ServiceState) => string> = {
  'restarts in a loop': ({exitCode, restarts}) =>
    `it ends with exit status ${exitCode} and was restarted ${restarts} times`,
  unhealthy: ({failedChecks}) => `its health check failed ${failedChecks} times in a row`,
  failed: ({exitCode}) => `it ended with exit status ${exitCode}`,
  stopped: () => 'it was stopped while it was waited for',
}

/** What its state alone tells, when nothing more is known. */
export function plainFinding(state: ServiceState, verdict: string): Finding {
  return {
    code: 'service-failed',
    cause: CAUSES[verdict]?.(state) ?? verdict,
    hint: `see all that it wrote: aquastream logs ${state.service} --profile ${state.profile}`,
  }
}
