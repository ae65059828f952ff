import type {ServiceState} from '../../stack/state.js'
import {plainCause} from '../causes.js'
import type {Diagnosis} from '../engine.js'
import type {Home} from './home/home.js'
import {readLogs} from './logs.js'

/** The number of last log lines that are shown. */
const LOG_LINES = 12

/** Returns why a service cannot become healthy, with its last log lines and the output of its health check. */
export async function diagnose(home: Home, state: ServiceState, verdict: string): Promise<Diagnosis> {
  const log: string[] = []
  const query = {services: [state.service], follow: false, tail: LOG_LINES}
  for await (const {text} of readLogs(home, query, new AbortController().signal)) log.push(text)
  return {
    ...plainCause(state, verdict),
    evidence: [
      ...(log.length > 0 ? [{title: `last lines of ${state.service}`, lines: log}] : []),
      ...(state.health === 'unhealthy'
        ? [{title: `last health check of ${state.service}`, lines: [state.healthOutput]}]
        : []),
    ],
  }
}
