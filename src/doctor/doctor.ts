import {examineSettings} from '../config/load.js'
import type {Profile} from '../config/profile.js'
import {findProfile, openStackOn, type StackRequest} from '../engines/open.js'
import type {Problem} from '../errors.js'
import {withNeeds} from '../stack/catalogue.js'
import {once} from '../system/once.js'
import {examine, type Finding, type Patient} from './check.js'
import {compose, engine, ports, project} from './engine.js'
import {backups, disk, secrets, state} from './files.js'
import {clock, limits, memory, node} from './machine.js'
import {registry} from './registry.js'
import {settings} from './settings.js'
import {tools} from './tools.js'

export interface DoctorReport {
  profile: Profile
  checks: Finding[]
}

/** In the order in which people mend things. */
const CHECKS = [
  settings,
  secrets,
  engine,
  compose,
  node,
  ports,
  project,
  disk,
  state,
  backups,
  memory,
  limits,
  clock,
  registry,
  tools,
]

/** The longest that a check may take, in ms; an engine that does not answer is given up earlier. */
const LIMIT_MS = 25_000

/** Checks all that a stack and its backups need, everything at the same time, and changes nothing. */
export async function examineMachine(request: StackRequest, signal: AbortSignal): Promise<DoctorReport> {
  // What keeps it from being known is met again by a check.
  const profile = await findProfile(request).catch(() => 'dev' as const)
  const patient = meet({...request, profile}, AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]))
  const findings = await Promise.all(CHECKS.map(check => examine(check, patient, LIMIT_MS)))
  return {profile, checks: withoutRepeats(findings.flat())}
}

/** One fault that several checks meet is one thing to mend. */
function withoutRepeats(findings: Finding[]): Finding[] {
  return findings.map((finding, index) => {
    const first = findings.findIndex(
      ({verdict, message}) => verdict === 'failed' && message === finding.message,
    )
    if (finding.verdict !== 'failed' || first === index) return finding
    const message = `not looked at: see ${findings[first]!.check}`
    return {check: finding.check, verdict: 'skipped' as const, message, hint: null}
  })
}

/** What failed, as one problem with the exit status of the first; nothing when all is well. */
export function findFailure({checks, profile}: DoctorReport): Problem | undefined {
  const bad = checks.filter(({verdict}) => verdict === 'failed')
  const [first] = bad
  if (!first?.code) return undefined
  const names = [...new Set(bad.map(({check}) => check))].join(', ')
  return {
    code: first.code,
    message: `not all is well: ${names}`,
    hint: `mend it as the hints say, then run again: aquastream env:doctor --profile ${profile}`,
  }
}

function meet(request: StackRequest & {profile: Profile}, signal: AbortSignal): Patient {
  const found = once(() => examineSettings(request))
  const stack = once(() => openStackOn('auto', request))
  const plan = once(async () => {
    const {services, jobs} = withNeeds([], request.profile)
    const target = {
      settings: (await found()).settings,
      services: services.map(({name}) => name),
      jobs: jobs.map(({name}) => name),
      pull: false,
      stub: [],
      real: [],
    }
    return (await stack()).engine.plan(target, signal)
  })
  return {request, profile: request.profile, settings: found, stack, plan, signal}
}
