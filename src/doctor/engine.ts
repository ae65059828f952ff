import type {Plan} from '../engines/engine.js'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {type Answer, type Check, failed, ok, type CheckContext, skipped} from './check.js'

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
    return fromPlan(context, /^compose-/, () => ok('Docker Compose can run the Compose file'))
  },
}

export const ports: Check = {
  name: 'ports',
  run: context =>
    fromPlan(context, /^port-/, ({ports: checked, target: {settings}}) => {
      if ('unchecked' in checked) return skipped(`not checked: ${checked.unchecked}`)
      const {services} = checked
      const all = SERVICES.filter(({name}) => services.includes(name)).flatMap(service => service.ports)
      const which = services.length === 1 ? `the port of ${services[0]} is` : `all ${all.length} ports are`
      return ok(`${which} free on ${settings.values.BIND}, or in use by this stack`)
    }),
}

export const project: Check = {
  name: 'project',
  run: context =>
    fromPlan(context, /^project-in-use$/, ({target}) =>
      ok(`${target.settings.project} contains no data of another profile`),
    ),
}

/** Problems that other checks report. */
const OTHERS = [/^compose-/, /^port-/, /^project-in-use$/, /^disk-full$/]

/** Reports the problems of the plan that have these codes. */
async function fromPlan(context: CheckContext, codes: RegExp, good: (plan: Plan) => Answer) {
  const plan = await context.plan()
  if (isUnreachable(plan.problems)) return skipped('not checked: no engine is available')
  const found = plan.problems.filter(({code}) => codes.test(code))
  return found.length > 0 ? found.map(failed) : good(plan)
}

/** Returns whether no engine is available, so that nothing else could be checked. */
export function isUnreachable(problems: Problem[]): boolean {
  return problems.some(({code}) => code.startsWith('engine-'))
}
