import {readFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from '../system/execa.js'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {errnoOf} from '../system/files/file-errors.js'
import type {Target} from './engine.js'

/** The number of TCP ports. */
const PORTS = 65_536
/** The first port that needs no privileges, where the system sets no other. */
const USER_PORT = 1024

/** Why no port of a plan is checked. */
export const NOT_YET = {unchecked: 'fix the failed checks first'}
export const ELSEWHERE = {unchecked: 'Docker Engine runs on another machine'}

/** A port on this machine that is assigned to a service. */
export interface Place {
  service: string
  variable: string
  port: string
}

/** Returns the ports of the target that are in use, except those that already belong to it. */
export async function findTaken(target: Target, isOwn: (place: Place) => boolean): Promise<Place[]> {
  return thoseRefused(
    placesOf(target).filter(place => !isOwn(place)),
    target.settings.values.BIND!,
    'EADDRINUSE',
  )
}

/**
 * Returns why an unprivileged user cannot listen on ports of the target, whether or not they are in use. Under root the
 * services run as another user, so the privileges of root do not matter.
 */
export async function findUnusable(target: Target): Promise<Problem[]> {
  const places = placesOf(target)
  const host = target.settings.values.BIND!
  if ((await thoseRefused(places, host, 'EADDRNOTAVAIL')).length > 0) return [noAddressHere(host)]
  const first = await firstPortForAll()
  const denied = await thoseRefused(places, host, 'EACCES')
  const isDenied = (place: Place): boolean =>
    denied.includes(place) || (process.getuid?.() === 0 && Number(place.port) < first)
  return places.filter(isDenied).map(place => onlyForRoot(place, first, target))
}

/** See ip_unprivileged_port_start in Documentation/networking/ip-sysctl.rst of Linux. */
async function firstPortForAll(): Promise<number> {
  return Number(
    await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => USER_PORT),
  )
}

function placesOf({services, settings: {values}}: Target): Place[] {
  return (
    SERVICES.filter(({name}) => services.includes(name))
      .flatMap(({name, ports}) =>
        ports.map(({variable}) => ({service: name, variable, port: values[variable]!})),
      )
      // Invalid port numbers are reported with the settings.
      .filter(({port}) => Number(port) > 0 && Number(port) < PORTS)
  )
}

async function thoseRefused(places: Place[], host: string, why: Refusal): Promise<Place[]> {
  const refusals = await Promise.all(places.map(async ({port}) => refusalOf(Number(port), host)))
  return places.filter((_, index) => refusals[index] === why)
}

/**
 * Returns the ports that stay in use. Another command that checks the same ports occupies each of them for a moment, so
 * they are checked several times.
 */
export async function stillTaken(places: Place[], host: string): Promise<Place[]> {
  let taken = places
  for (let check = 0; check < CHECKS && taken.length > 0; check++) {
    await sleep(PAUSE_MS)
    taken = await thoseRefused(taken, host, 'EADDRINUSE')
  }
  return taken
}

const CHECKS = 5
const PAUSE_MS = 60

/** Returns the problem that a port of the target is already in use, by `holder` if known. */
export function takenByOne(place: Place, holder: string | undefined, target: Target): Problem {
  const {service, variable, port} = place
  const other = otherPort(Number(port) + 10_000, USER_PORT, target)
  return {
    code: 'port-taken',
    message: `port ${port} of ${service} is already in use${holder ? ` by ${holder}` : ''}`,
    hint: `stop the program that uses it, or set another port for ${service}: ${variable}=${other}`,
  }
}

function noAddressHere(host: string): Problem {
  return {
    code: 'port-unusable',
    message: `BIND=${host} is not an address of this machine`,
    hint: 'set BIND=127.0.0.1, or another address of this machine',
  }
}

function onlyForRoot({service, variable, port}: Place, first: number, target: Target): Problem {
  const other = otherPort(Number(port) + 8000, first, target)
  return {
    code: 'port-unusable',
    message: `port ${port} of ${service} is reserved for root, and ${service} does not run as root`,
    hint: `set a port from ${first} upwards for ${service}: ${variable}=${other}`,
  }
}

/** Returns the port to suggest: `wanted`, or else the next one that is valid, at least `first`, and of no service. */
function otherPort(wanted: number, first: number, {settings: {values}}: Target): number {
  const used = SERVICES.flatMap(({ports}) => ports.map(({variable}) => Number(values[variable])))
  const range = PORTS - first
  // After the last port comes the first one.
  let port = wanted < first ? first : first + ((wanted - first) % range)
  while (used.includes(port)) port = first + ((port + 1 - first) % range)
  return port
}

/** In use; not an address of this machine; not permitted to this user, although Docker Engine may be permitted. */
type Refusal = 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'EACCES'

/** Returns the errno code if this user cannot listen on the port; undefined if it is free. */
async function refusalOf(port: number, host: string): Promise<string | undefined> {
  const server = createServer()
  try {
    return await new Promise<string | undefined>(resolve => {
      server.once('error', error => resolve(errnoOf(error)))
      server.listen({port, host, exclusive: true}, () => {
        resolve(undefined)
      })
    })
  } finally {
    server.close()
  }
}

/**
 * Finds the process that listens on a port, as far as this user may see it. lsof exists on macOS and most Linux
 * systems, ss on nearly every Linux system.
 */
export async function holdingProcess(port: string): Promise<string | undefined> {
  const options = {reject: false, stdin: 'ignore'} as const
  const lsof = await execa('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], options)
  const byLsof = /^p(?<pid>\d+)\nc(?<name>.+)$/m.exec(lsof.stdout)?.groups
  const ss = byLsof ? undefined : await execa('ss', ['-Hltnp', `sport = :${port}`], options)
  const bySs = /\(\("(?<name>[^"]+)",pid=(?<pid>\d+)/.exec(ss?.stdout ?? '')?.groups
  const process = byLsof ?? bySs
  return process && `${process.name} (process ${process.pid})`
}
