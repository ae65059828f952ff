import {examineSettings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import {openEngineFor} from '../engines/open.js'
import {resolveStack, type StackContext, type StackRequest} from '../engines/stack-context.js'
import type {Problem} from '../errors.js'
import {withNeeds} from '../stack/catalogue.js'
import {once} from '../system/once.js'
import {type CheckContext, type Finding, runCheck} from './check.js'
import {compose, engine, ports, project} from './engine.js'
import {backups, disk, secrets, state} from './files.js'
import {clock, limits, memory, node} from './machine.js'
import {offsite} from './offsite.js'
import {registry} from './registry.js'
import {nodes, servers} from './servers.js'
import {settings} from './settings.js'
import {compressor, tools} from './tools.js'

export interface DoctorReport {
  profile: Profile
  checks: Finding[]
}

/** In the order in which problems should be fixed. */
const CHECKS = [
  settings,
  secrets,
  engine,
  compose,
  node,
  ports,
  project,
  servers,
  nodes,
  disk,
  state,
  backups,
  memory,
  limits,
  clock,
  registry,
  tools,
  compressor,
  offsite,
]

/** The time limit of a check, in ms; an engine that does not respond times out earlier: the Swarm and the plan ask in turn. */
const LIMIT_MS = 40_000

/** Checks every requirement of a stack and its backups concurrently; changes nothing. */
export async function examineMachine(request: StackRequest, signal: AbortSignal): Promise<DoctorReport> {
  const stack = once(() => resolveStack(request, signal))
  // A failure here is reported by a check.
  const profile = await stack().then(
    found => found.profile,
    () => request.flags.profile ?? 'dev',
  )
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])
  const context = createContext({...request, profile}, stack, limited)
  const findings = await Promise.all(CHECKS.map(check => runCheck(check, context, LIMIT_MS)))
  return {profile, checks: withoutRepeats(findings.flat())}
}

/** Reports a failure that several checks have found only once. */
function withoutRepeats(findings: Finding[]): Finding[] {
  return findings.map((finding, index) => {
    const first = findings.findIndex(
      ({verdict, message}) => verdict === 'failed' && message === finding.message,
    )
    if (finding.verdict !== 'failed' || first === index) return finding
    const message = `not checked: see ${findings[first]!.check}`
    return {check: finding.check, verdict: 'skipped' as const, message, hint: null}
  })
}

/** Returns the failed checks as one problem with the code of the first; undefined if none failed. */
export function findFailure({checks, profile}: DoctorReport): Problem | undefined {
  const bad = checks.filter(({verdict}) => verdict === 'failed')
  const [first] = bad
  if (!first?.code) return undefined
  const names = [...new Set(bad.map(({check}) => check))].join(', ')
  return {
    code: first.code,
    message: `failed checks: ${names}`,
    hint: `follow the hints, then check again: aquastream env:doctor --profile ${profile}`,
  }
}

function createContext(
  {profile, env, directory}: Pick<CheckContext, 'profile' | 'env' | 'directory'>,
  stack: () => Promise<StackContext>,
  signal: AbortSignal,
): CheckContext {
  const found = once(async () => examineSettings(await stack()))
  const usedEngine = once(async () => openEngineFor('auto', await stack()))
  const plan = once(async () => {
    const {engine} = await usedEngine()
    const {services, jobs} = withNeeds([], profile, engine.name)
    const target = {
      settings: (await found()).settings,
      services: services.map(({name}) => name),
      jobs: jobs.map(({name}) => name),
      pull: false,
      stub: [],
      real: [],
    }
    return engine.plan(target, signal)
  })
  return {profile, env, directory, stack, settings: found, engine: usedEngine, plan, signal}
}
