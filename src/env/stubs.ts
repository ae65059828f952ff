import type {Profile} from '../config/profile.js'
import {AquastreamError} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {requireServices} from '../stack/names.js'

/**
 * Checks that the names given by --stub and --real are backends, and resolves `all` to every backend that the other
 * list does not name.
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
    throw new AquastreamError('usage', `${both} is given in both --stub and --real`, {
      hint: `name ${both} in only one of them`,
    })
  }
  if (choice.stub.length > 0 && profile !== 'dev') {
    throw new AquastreamError('refused', `stubs are not available in ${profile}`, {
      hint: 'remove --stub, or start dev: aquastream env:up --profile dev',
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
  throw new AquastreamError('usage', `${other} is not a backend and has no stub`, {
    hint: `backends are ${backends.join(', ')}; --stub all replaces all of them`,
  })
}
