import type {Layer} from '../config/layers.js'
import type {Settings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import type {Engine, Plan} from '../engines/engine.js'
import type {StackContext} from '../engines/stack-context.js'
import {AquastreamError, type ErrorCode, type Problem} from '../errors.js'

/** One result of a check. */
export interface Finding {
  check: string
  /** failed: env:up or a backup would fail. warning: it may fail later. skipped: the check does not apply. */
  verdict: 'ok' | 'warning' | 'failed' | 'skipped'
  message: string
  /** How to fix it; of an ok check, what could be better. */
  hint: string | null
  /** Set only if the verdict is failed. */
  code?: ErrorCode
}

/** The input of all checks. Each part is resolved once, on first use, and may fail. */
export interface CheckContext {
  profile: Profile
  env: NodeJS.ProcessEnv
  directory: string
  stack: () => Promise<StackContext>
  settings: () => Promise<{settings: Settings; layers: Layer[]}>
  /** The engine, and why it is not the default one. */
  engine: () => Promise<{engine: Engine; why: string | undefined}>
  /** The plan for a start of every service. */
  plan: () => Promise<Plan>
  signal: AbortSignal
}

/** Checks one thing. An AquastreamError that it throws becomes its finding. */
export interface Check {
  name: string
  run: (context: CheckContext) => Promise<Answer | Answer[]>
}

export type Answer = Omit<Finding, 'check'>

export function ok(message: string): Answer {
  return {verdict: 'ok', message, hint: null}
}

export function advice(message: string, hint: string): Answer {
  return {verdict: 'ok', message, hint}
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
export async function runCheck({name, run}: Check, context: CheckContext, limit: number): Promise<Finding[]> {
  const answers = await Promise.race([run(context).catch(explain), timeUp(limit)])
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
