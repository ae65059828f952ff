import type {Plan} from '../engines/engine.js'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {type Check, failed, ok, type CheckContext, skipped} from './check.js'

/** Checks that an engine can run the stack. */
export const engine: Check = {
  name: 'engine',
  async run(context) {
    const {problems} = await context.plan()
    const ours = problems.filter(problem => !OTHERS.some(pattern => pattern.test(problem.code)))
    if (ours.length > 0) return ours.map(failed)
    const {engine: used, why} = await context.engine()
    const versions = Object.entries(await used.versions(context.signal))
    const message = `${used.name} with ${versions.map(([name, version]) => `${name} ${version}`).join(', ')}`
    return ok(why === undefined ? message : `${message}. ${why}`)
  },
}

export const compose: Check = {
  name: 'compose',
  async run(context) {
    if ((await context.engine()).engine.name === 'embedded') return skipped('not used by the embedded engine')
    return fromPlan(context, /^compose-/, () => 'Docker Compose can run the Compose file')
  },
}

export const ports: Check = {
  name: 'ports',
  run: context =>
    fromPlan(context, /^port-/, ({target: {services, settings}}) => {
      const wanted = SERVICES.filter(({name}) => services.includes(name)).flatMap(service => service.ports)
      return `all ${wanted.length} ports on ${settings.values.BIND} are free or in use by this stack`
    }),
}

export const project: Check = {
  name: 'project',
  run: context =>
    fromPlan(
      context,
      /^project-in-use$/,
      ({target}) => `${target.settings.project} contains no data of another profile`,
    ),
}

/** Problems that other checks report. */
const OTHERS = [/^compose-/, /^port-/, /^project-in-use$/, /^disk-full$/]

/** Reports the problems of the plan that have these codes. */
async function fromPlan(context: CheckContext, codes: RegExp, good: (plan: Plan) => string) {
  const plan = await context.plan()
  if (isUnreachable(plan.problems)) return skipped('not checked: no engine is available')
  const found = plan.problems.filter(({code}) => codes.test(code))
  return found.length > 0 ? found.map(failed) : ok(good(plan))
}

/** Returns whether no engine is available, so that nothing else could be checked. */
export function isUnreachable(problems: Problem[]): boolean {
  return problems.some(({code}) => code.startsWith('engine-'))
}
