import type {Profile} from '../config/profile.js'
import {AquastreamError} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {requireServices} from '../stack/names.js'

/**
 * Makes sure that names typed by somebody are backends, and can be what is asked of them in the profile. `all`
 * leaves out those that the other list names.
 *
 * @throws no-such-service, usage, refused: stage and prod run no stubs
 */
export function chooseStubs(
  {stub, real}: {stub: readonly string[]; real: readonly string[]},
  profile: Profile,
): {stub: string[]; real: string[]} {
  const choice = {stub: toBackends(stub, real, profile), real: toBackends(real, stub, profile)}
  const both = choice.stub.find(name => choice.real.includes(name))
  if (both !== undefined) {
    throw new AquastreamError('usage', `${both} cannot be both a stub and real`, {
      hint: `name ${both} in --stub or in --real`,
    })
  }
  if (choice.stub.length > 0 && profile !== 'dev') {
    throw new AquastreamError('refused', `${profile} runs no stubs`, {
      hint: 'leave --stub out, or start dev: aquastream env:up --profile dev',
    })
  }
  return choice
}

function toBackends(names: readonly string[], others: readonly string[], profile: Profile): string[] {
  const backends = SERVICES.filter(({kind}) => kind === 'backend').map(({name}) => name)
  if (names.includes('all')) return backends.filter(name => others.includes('all') || !others.includes(name))
  requireServices(names, profile)
  const other = names.find(name => !backends.includes(name))
  if (other === undefined) return [...names]
  throw new AquastreamError('usage', `${other} has no stub`, {
    hint: `stubs play ${backends.join(', ')}, or all of them with --stub all`,
  })
}
