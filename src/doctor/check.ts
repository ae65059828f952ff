import type {Layer} from '../config/layers.js'
import type {Settings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import type {Plan} from '../engines/engine.js'
import type {Stack, StackRequest} from '../engines/open.js'
import {AquastreamError, type ErrorCode, type Problem} from '../errors.js'

/** One result of a check. */
export interface Finding {
  check: string
  /** failed: env:up or a backup would fail. warning: it may fail later. skipped: the check does not apply. */
  verdict: 'ok' | 'warning' | 'failed' | 'skipped'
  message: string
  /** How to fix it. */
  hint: string | null
  /** Set only if the verdict is failed. */
  code?: ErrorCode
}

/** The input of all checks. Each part is resolved once, on first use, and may fail. */
export interface Patient {
  request: StackRequest
  profile: Profile
  settings: () => Promise<{settings: Settings; layers: Layer[]}>
  /** The stack, and why it does not use the default engine. */
  stack: () => Promise<Stack & {why: string | undefined}>
  /** The plan for a start of every service. */
  plan: () => Promise<Plan>
  signal: AbortSignal
}

/** Checks one thing. An AquastreamError that it throws becomes its finding. */
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

/** Runs a check for at most `limit` ms and returns its results. An expected failure or a timeout is a finding. */
export async function examine({name, look}: Check, patient: Patient, limit: number): Promise<Finding[]> {
  const answers = await Promise.race([look(patient).catch(explain), timeUp(limit)])
  return [answers].flat().map(answer => ({check: name, ...answer}))
}

function explain(error: unknown): Answer[] {
  if (error instanceof AquastreamError) return error.problems.map(failed)
  if (error instanceof DOMException && error.name === 'TimeoutError') return [late]
  throw error
}

const late = warning('the check timed out', 'run the command again when the machine is less busy')

async function timeUp(limit: number): Promise<Answer> {
  await new Promise(resolve => setTimeout(resolve, limit).unref())
  return late
}
