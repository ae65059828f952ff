import {AquastreamError} from '../../../errors.js'
import {get, hasStatus, post, remove} from '../../api/client.js'
import {networksSchema, type Stored, storedSchema} from '../objects.js'
import type {StackConfig} from '../translate/translate.js'
import type {Secret} from '../translate/secrets.js'
import {LABEL, labelsOf} from '../translate/spec.js'

type Kind = 'configs' | 'secrets'

/** Lists the configs or secrets of a stack. */
export function listStored(kind: Kind, project: string, signal?: AbortSignal): Promise<Stored[]> {
  const filters = {label: [`${LABEL.project}=${project}`]}
  return get(`/${kind}`, storedSchema, {what: `list ${kind}`, params: {filters}, signal})
}

/** Creates the secrets of a stack that do not exist. Their values travel in the body of a request. */
export async function createSecrets(project: string, secrets: Secret[], signal: AbortSignal): Promise<void> {
  const existing = new Set((await listStored('secrets', project, signal)).map(({Spec: {Name}}) => Name))
  for (const {name, value} of secrets)
    if (!existing.has(name)) await create('secrets', {name, data: value, labels: labelsOf(project)}, signal)
}

/** Creates the configs of a stack that do not exist. */
export async function createConfigs(
  project: string,
  configs: StackConfig[],
  signal: AbortSignal,
): Promise<void> {
  const existing = new Set((await listStored('configs', project, signal)).map(({Spec: {Name}}) => Name))
  for (const {name, content} of configs)
    if (!existing.has(name)) await create('configs', {name, data: content, labels: labelsOf(project)}, signal)
}

/** Creates a config or secret, and returns its ID; fails with status 409 if the name is taken. */
export function create(
  kind: Kind,
  {name, data, labels}: {name: string; data: string; labels: Record<string, string>},
  signal?: AbortSignal,
): Promise<string> {
  const body = {Name: name, Labels: labels, Data: Buffer.from(data).toString('base64')}
  return post(`/${kind}/create`, body, {what: `create ${name}`, signal})
}

/** Returns the content of a config. Swarm never returns that of a secret. */
export function contentOf({Spec: {Data: data}}: Stored): string {
  return Buffer.from(data, 'base64').toString()
}

/** Removes the configs or secrets; one that a service still uses stays. */
export async function removeStored(kind: Kind, stored: Stored[], signal?: AbortSignal): Promise<void> {
  for (const {
    ID,
    Spec: {Name: name},
  } of stored)
    await remove(`/${kind}/${ID}`, {what: `remove ${name}`, signal}).catch((error: unknown) => {
      // Swarm answers 400 if it is in use.
      if (!hasStatus(error, 400)) throw error
    })
}

/** Lists the networks of a stack. */
export function listNetworks(project: string, signal?: AbortSignal) {
  const filters = {label: [`${LABEL.project}=${project}`]}
  return get('/networks', networksSchema, {what: 'list networks', params: {filters}, signal})
}

/**
 * Returns whether the Swarm has networks or secrets of a stack, as after a removal that was killed. A Swarm that cannot be
 * read has none that this machine could remove.
 */
export async function hasLeftovers(project: string): Promise<boolean> {
  try {
    const found = await Promise.all([listNetworks(project), listStored('secrets', project)])
    return found.flat().length > 0
  } catch (error) {
    if (error instanceof AquastreamError) return false
    throw error
  }
}

/** An overlay network of a stack. */
export interface StackNetwork {
  name: string
  /** Whether it has no way out. */
  internal: boolean
  /** Whether the packets between servers are encrypted, which needs IPsec in their kernels. */
  encrypted: boolean
  labels: Record<string, string>
}

/** Creates the overlay networks of a stack that do not exist. */
export async function createNetworks(
  project: string,
  networks: StackNetwork[],
  signal: AbortSignal,
): Promise<void> {
  const existing = (await listNetworks(project, signal)).map(({Name}) => Name)
  for (const network of networks) {
    if (!existing.includes(network.name)) await createNetwork(project, network, signal)
  }
}

/** Creates an overlay network, and returns its ID. */
export async function createNetwork(
  project: string,
  {name, internal, encrypted, labels}: StackNetwork,
  signal: AbortSignal,
): Promise<string> {
  const body = {
    Name: name,
    Driver: 'overlay',
    Scope: 'swarm',
    Internal: internal,
    ...(encrypted && {Options: {encrypted: ''}}),
    Labels: {...labels, ...labelsOf(project)},
  }
  return post('/networks/create', body, {what: `create network ${name}`, signal})
}
