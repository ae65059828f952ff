import type {Plan} from '../engines/engine.js'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {type Check, failed, ok, type Patient, skipped} from './check.js'

/** Whether something can run the stack at all. */
export const engine: Check = {
  name: 'engine',
  async look(patient) {
    const {problems} = await patient.plan()
    const ours = problems.filter(problem => !OTHERS.some(pattern => pattern.test(problem.code)))
    if (ours.length > 0) return ours.map(failed)
    const {engine: used, why} = await patient.stack()
    const versions = Object.entries(await used.versions(patient.signal))
    const message = `${used.name}, with ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`
    return ok(why === undefined ? message : `${message}. ${why}`)
  },
}

export const compose: Check = {
  name: 'compose',
  async look(patient) {
    if ((await patient.stack()).engine.name === 'embedded') return skipped('the embedded engine does without')
    return fromPlan(patient, /^compose-/, () => 'it can run the Compose file')
  },
}

export const ports: Check = {
  name: 'ports',
  look: patient =>
    fromPlan(patient, /^port-/, ({target: {services, settings}}) => {
      const wanted = SERVICES.filter(({name}) => services.includes(name)).flatMap(service => service.ports)
      return `all ${wanted.length} on ${settings.values.BIND} are free, or held by this stack`
    }),
}

export const project: Check = {
  name: 'project',
  look: patient =>
    fromPlan(
      patient,
      /^project-in-use$/,
      ({target}) => `${target.settings.project} holds no data of another profile`,
    ),
}

/** What has a check of its own. */
const OTHERS = [/^compose-/, /^port-/, /^project-in-use$/, /^disk-full$/]

/** The problems of these codes that a start would meet. */
async function fromPlan(patient: Patient, codes: RegExp, good: (plan: Plan) => string) {
  const plan = await patient.plan()
  if (isUnreachable(plan.problems)) return skipped('there is no engine to ask')
  const found = plan.problems.filter(({code}) => codes.test(code))
  return found.length > 0 ? found.map(failed) : ok(good(plan))
}

/** Nothing else is known then. */
export function isUnreachable(problems: Problem[]): boolean {
  return problems.some(({code}) => code.startsWith('engine-'))
}
