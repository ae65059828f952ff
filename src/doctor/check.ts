import type {Layer} from '../config/layers.js'
import type {Settings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import type {Plan} from '../engines/engine.js'
import type {Stack, StackRequest} from '../engines/open.js'
import {AquastreamError, type ErrorCode, type Problem} from '../errors.js'

/** One answer of a check. */
export interface Finding {
  check: string
  /** failed: env:up or a backup would fail. warning: it may later. skipped: there is nothing to look at here. */
  verdict: 'ok' | 'warning' | 'failed' | 'skipped'
  message: string
  /** What mends it. */
  hint: string | null
  /** Of what failed. */
  code?: ErrorCode
}

/** What checks look at; each part is found once, on first use, and may fail. */
export interface Patient {
  request: StackRequest
  profile: Profile
  settings: () => Promise<{settings: Settings; layers: Layer[]}>
  /** Also why it is not on the usual engine. */
  stack: () => Promise<Stack & {why: string | undefined}>
  /** What a start of everything would meet. */
  plan: () => Promise<Plan>
  signal: AbortSignal
}

/** Looks at one thing; a failure that it throws is its finding. */
export interface Check {
  name: string
  look: (patient: Patient) => Promise<Answer | Answer[]>
}

export type Answer = Omit<Finding, 'check'>

export function ok(message: string): Answer {
  return {verdict: 'ok', message, hint: null}
}

export function skipped(message: string): Answer {
  return {verdict: 'skipped', message, hint: null}
}

export function warning(message: string, hint: string): Answer {
  return {verdict: 'warning', message, hint}
}

export function failed({code, message, hint}: Problem): Answer {
  return {verdict: 'failed', message, hint, code}
}

/** Looks, at most so long, and turns whatever comes out into findings. Never rejects. */
export async function examine({name, look}: Check, patient: Patient, limit: number): Promise<Finding[]> {
  const answers = await Promise.race([look(patient).catch(explain), timeUp(limit)])
  return [answers].flat().map(answer => ({check: name, ...answer}))
}

function explain(error: unknown): Answer[] {
  if (error instanceof AquastreamError) return error.problems.map(failed)
  if (error instanceof DOMException && error.name === 'TimeoutError') return [late]
  throw error
}

const late = warning('no answer came in time', 'try again when the machine has less to do')

async function timeUp(limit: number): Promise<Answer> {
  await new Promise(resolve => setTimeout(resolve, limit).unref())
  return late
}
