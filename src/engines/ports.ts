import {readFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import {errnoOf} from '../system/files/file-errors.js'
import type {Target} from './engine.js'

/** A port of this machine that a service is to have. */
export interface Place {
  service: string
  variable: string
  port: string
}

/** The ports of the target that are in use, except those that are its own already. */
export async function findTaken(target: Target, isOwn: (place: Place) => boolean): Promise<Place[]> {
  return thoseRefused(
    placesOf(target).filter(place => !isOwn(place)),
    target.settings.values.BIND!,
    'EADDRINUSE',
  )
}

/**
 * What keeps programs of a plain user from the ports of the target, whoever has them. As root they are to run as another
 * user, so what root may is no answer.
 */
export async function findUnusable(target: Target): Promise<Problem[]> {
  const places = placesOf(target)
  const host = target.settings.values.BIND!
  if ((await thoseRefused(places, host, 'EADDRNOTAVAIL')).length > 0) return [noAddressHere(host)]
  const first = await firstPortForAll()
  const denied = await thoseRefused(places, host, 'EACCES')
  const isDenied = (place: Place): boolean =>
    denied.includes(place) || (process.getuid?.() === 0 && Number(place.port) < first)
  return places.filter(isDenied).map(place => onlyForRoot(place, first))
}

/** ip_unprivileged_port_start of ip-sysctl.rst of Linux; where there is none, the usual. */
async function firstPortForAll(): Promise<number> {
  return Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => 1024))
}

function placesOf({services, settings: {values}}: Target): Place[] {
  return (
    SERVICES.filter(({name}) => services.includes(name))
      .flatMap(({name, ports}) =>
        ports.map(({variable}) => ({service: name, variable, port: values[variable]!})),
      )
      // What is no port is told with the settings.
      .filter(({port}) => Number(port) > 0 && Number(port) < 65_536)
  )
}

async function thoseRefused(places: Place[], host: string, why: Refusal): Promise<Place[]> {
  const refusals = await Promise.all(places.map(async ({port}) => refusalOf(Number(port), host)))
  return places.filter((_, index) => refusals[index] === why)
}

/**
 * Those that are taken for longer than a look takes: another command that looks at the same moment holds them too, and
 * for that moment alone.
 */
export async function stillTaken(places: Place[], host: string): Promise<Place[]> {
  let taken = places
  for (let look = 0; look < LOOKS && taken.length > 0; look++) {
    await sleep(PAUSE_MS)
    taken = await thoseRefused(taken, host, 'EADDRINUSE')
  }
  return taken
}

const LOOKS = 5
const PAUSE_MS = 60

/** A taken port as a problem that names it. */
export function takenByOne({service, variable, port}: Place, holder: string | undefined): Problem {
  return {
    code: 'port-taken',
    message: `port ${port} of ${service} is taken${holder ? ` by ${holder}` : ''}`,
    hint: `stop what holds it, or give ${service} another: ${variable}=${Number(port) + 10_000}`,
  }
}

function noAddressHere(host: string): Problem {
  return {
    code: 'port-unusable',
    message: `BIND=${host} is no address of this machine`,
    hint: 'set BIND=127.0.0.1, or an address that this machine has',
  }
}

function onlyForRoot({service, variable, port}: Place, first: number): Problem {
  return {
    code: 'port-unusable',
    message: `port ${port} of ${service} is for root alone, and ${service} does not run as root`,
    hint: `give ${service} one from ${first} on: ${variable}=${Number(port) + 8000}`,
  }
}

/** Taken; no address of this machine; not for this user, while a container engine may well be allowed. */
type Refusal = 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'EACCES'

/** Why the system lets nobody listen there, or this user not; nothing when he may. */
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
 * The process behind a port, as far as the system tells this user. lsof is on every macOS and most Linux machines, ss on
 * nearly every Linux; each prints what it may see.
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
