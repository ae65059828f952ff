import type {ServiceState} from '../stack/state.js'
import type {Diagnosis} from './engine.js'

/** Why a service cannot become healthy, without its output. */
export type Cause = Omit<Diagnosis, 'evidence'>

const CAUSES: Record<string, (state: ServiceState) => string> = {
  'restarts in a loop': ({exitCode, restarts}) =>
    `it exited with status ${exitCode} and was restarted ${restarts} times`,
  unhealthy: ({failedChecks}) => `its health check failed ${failedChecks} times in a row`,
  failed: ({exitCode}) => `it exited with status ${exitCode}`,
  stopped: () => 'it was stopped during the start',
}

/** Describes the cause by the state alone, if nothing more is known. */
export function plainCause(state: ServiceState, verdict: string): Cause {
  return {
    code: 'service-failed',
    cause: CAUSES[verdict]?.(state) ?? verdict,
    hint: `full log: aquastream logs ${state.service} --profile ${state.profile}`,
  }
}
