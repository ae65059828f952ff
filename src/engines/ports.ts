import {createServer} from 'node:net'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import type {Problem} from '../errors.js'
import {SERVICES} from '../stack/catalogue.js'
import type {Target} from './engine.js'

/** A port of this machine that a service is to have. */
export interface Place {
  service: string
  variable: string
  port: string
}

/** The ports of the target that are in use, except those that are its own already. */
export async function findTaken(target: Target, isOwn: (place: Place) => boolean): Promise<Place[]> {
  const {values} = target.settings
  const wanted = SERVICES.filter(({name}) => target.services.includes(name))
    .flatMap(({name, ports}) =>
      ports.map(({variable}) => ({service: name, variable, port: values[variable]!})),
    )
    // What is no port is told with the settings.
    .filter(({port}) => Number(port) > 0 && Number(port) < 65_536)
  return thoseTaken(
    wanted.filter(place => !isOwn(place)),
    values.BIND!,
  )
}

async function thoseTaken(places: Place[], host: string): Promise<Place[]> {
  const free = await Promise.all(places.map(async ({port}) => isFree(Number(port), host)))
  return places.filter((_, index) => !free[index])
}

/**
 * Those that are taken for longer than a look takes: another command that looks at the same moment holds them too, and
 * for that moment alone.
 */
export async function stillTaken(places: Place[], host: string): Promise<Place[]> {
  let taken = places
  for (let look = 0; look < LOOKS && taken.length > 0; look++) {
    await sleep(PAUSE_MS)
    taken = await thoseTaken(taken, host)
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

/** Only "address in use" counts: the engine may well be allowed what this user is not. */
async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    return await new Promise<boolean>(resolve => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code !== 'EADDRINUSE')
      })
      server.listen({port, host, exclusive: true}, () => {
        resolve(true)
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
