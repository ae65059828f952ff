import type {ServiceState} from '../../stack/state.js'
import type {Diagnosis} from '../engine.js'
import {endEvidence, logEvidence} from '../evidence.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {readLogs} from './logs.js'

/** The number of lines that are read: a few stack traces. */
const TAIL = 2000

/** Returns the lines of the last run of a service that explain why it does not become healthy. */
export async function diagnose(stackDirectory: StackDirectory, state: ServiceState): Promise<Diagnosis> {
  const log: string[] = []
  const query = {services: [state.service], follow: false, tail: TAIL}
  for await (const {text} of readLogs(stackDirectory, query, new AbortController().signal)) log.push(text)
  const {service, restarts, health, healthOutput} = state
  return {
    evidence: [
      ...(restarts > 0 ? endEvidence(service, lastRunOf(log)) : logEvidence(service, log)),
      ...(health === 'healthy' || healthOutput === ''
        ? []
        : [{title: `last health check of ${service}`, lines: [healthOutput]}]),
    ],
  }
}

/** Returns the lines of the last run that has ended, which the supervisor marks. */
function lastRunOf(log: string[]): string[] {
  const end = log.findLastIndex(isEnd)
  const start = log.slice(0, Math.max(end, 0)).findLastIndex(isEnd)
  return end === -1 ? log : log.slice(start + 1, end + 1)
}

function isEnd(line: string): boolean {
  return line.startsWith('aquastream: the program ')
}
