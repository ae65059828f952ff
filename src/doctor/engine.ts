import type {Plan} from '../engines/engine.js'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {type Check, failed, ok, type Patient, skipped} from './check.js'

/** Checks that an engine can run the stack. */
export const engine: Check = {
  name: 'engine',
  async look(patient) {
    const {problems} = await patient.plan()
    const ours = problems.filter(problem => !OTHERS.some(pattern => pattern.test(problem.code)))
    if (ours.length > 0) return ours.map(failed)
    const {engine: used, why} = await patient.stack()
    const versions = Object.entries(await used.versions(patient.signal))
    const message = `${used.name} with ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`
    return ok(why === undefined ? message : `${message}. ${why}`)
  },
}

export const compose: Check = {
  name: 'compose',
  async look(patient) {
    if ((await patient.stack()).engine.name === 'embedded') return skipped('not used by the embedded engine')
    return fromPlan(patient, /^compose-/, () => 'Docker Compose can run the Compose file')
  },
}

export const ports: Check = {
  name: 'ports',
  look: patient =>
    fromPlan(patient, /^port-/, ({target: {services, settings}}) => {
      const wanted = SERVICES.filter(({name}) => services.includes(name)).flatMap(service => service.ports)
      return `all ${wanted.length} ports on ${settings.values.BIND} are free or in use by this stack`
    }),
}

export const project: Check = {
  name: 'project',
  look: patient =>
    fromPlan(
      patient,
      /^project-in-use$/,
      ({target}) => `${target.settings.project} contains no data of another profile`,
    ),
}

/** Problems that other checks report. */
const OTHERS = [/^compose-/, /^port-/, /^project-in-use$/, /^disk-full$/]

/** Reports the problems of the plan that have these codes. */
async function fromPlan(patient: Patient, codes: RegExp, good: (plan: Plan) => string) {
  const plan = await patient.plan()
  if (isUnreachable(plan.problems)) return skipped('not checked: no engine is available')
  const found = plan.problems.filter(({code}) => codes.test(code))
  return found.length > 0 ? found.map(failed) : ok(good(plan))
}

/** Returns whether no engine is available, so that nothing else could be checked. */
export function isUnreachable(problems: Problem[]): boolean {
  return problems.some(({code}) => code.startsWith('engine-'))
}
