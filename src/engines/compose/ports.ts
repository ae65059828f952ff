import {createServer} from 'node:net'
import {execa} from 'execa'
import type {Problem} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import type {Target} from '../engine.js'
import {dockerOptions} from './docker.js'
import {type Container, isRunning, LABEL} from './states.js'

interface Taken {
  service: string
  variable: string
  port: string
  holder: Holder | undefined
}

interface Holder {
  name: string
  /** When it is a container of Compose. */
  project?: string
}

/** The ports of the target that something else holds. Those that its own containers hold are not in the way. */
export async function findTakenPorts(target: Target, containers: Container[]): Promise<Problem[]> {
  const {values} = target.settings
  const own = new Set(containers.filter(isRunning).flatMap(publishedAddresses))
  const wanted = SERVICES.filter(({name}) => target.services.includes(name)).flatMap(({name, ports}) =>
    ports.map(({variable}) => ({service: name, variable, port: values[variable]!})),
  )
  const taken = await Promise.all(
    wanted.map(async (place): Promise<Taken[]> => {
      if (own.has(`${values.BIND}:${place.port}`) || (await isFree(Number(place.port), values.BIND!)))
        return []
      return [{...place, holder: await findHolder(place.port, values.BIND!)}]
    }),
  )
  return toProblems(taken.flat())
}

/** Another stack holds all of its ports at once: that is one problem, and one thing to do. */
function toProblems(taken: Taken[]): Problem[] {
  const projects = [...new Set(taken.map(({holder}) => holder?.project))]
  return projects.flatMap(project => {
    const ports = taken.filter(({holder}) => holder?.project === project)
    return project && ports.length > 1 ? [takenByStack(project, ports)] : ports.map(takenByOne)
  })
}

function takenByStack(project: string, ports: Taken[]): Problem {
  return {
    code: 'port-taken',
    message: `ports ${ports.map(({port}) => port).join(', ')} are taken by the stack ${project}`,
    hint: `stop it with docker compose -p ${project} down, or publish this one on another address, such as BIND=127.0.0.2`,
  }
}

function takenByOne({service, variable, port, holder}: Taken): Problem {
  return {
    code: 'port-taken',
    message: `port ${port} of ${service} is taken${holder ? ` by ${holder.name}` : ''}`,
    hint: `stop what holds it, or give ${service} another: ${variable}=${Number(port) + 10_000}`,
  }
}

function publishedAddresses({NetworkSettings: {Ports: ports}}: Container): string[] {
  return Object.values(ports).flatMap(bindings =>
    (bindings ?? []).map(({HostIp, HostPort}) => `${HostIp}:${HostPort}`),
  )
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

/** The container or process behind a port, as far as the system tells this user. */
async function findHolder(port: string, bind: string): Promise<Holder | undefined> {
  return (await holdingContainer(port, bind)) ?? (await holdingProcess(port))
}

async function holdingContainer(port: string, bind: string): Promise<Holder | undefined> {
  const format = `{{.Names}}\t{{.Label "${LABEL.project}"}}\t{{.Ports}}`
  const args = ['ps', '--filter', `publish=${port}`, '--format', format]
  const {stdout} = await execa('docker', args, dockerOptions({}))
  // The same port of another address is not in the way.
  const addresses = bind === '0.0.0.0' ? [''] : [bind, '0.0.0.0']
  const inTheWay = (ports: string): boolean =>
    addresses.some(address => ports.includes(`${address}:${port}->`))
  const holder = stdout
    .split('\n')
    .map(line => line.split('\t'))
    .find(([, , ports = '']) => inTheWay(ports))
  const [name, project] = holder ?? []
  return name ? {name: `the container ${name}`, ...(project && {project})} : undefined
}

/** lsof is on every macOS and most Linux machines, ss on nearly every Linux; each prints what it may see. */
async function holdingProcess(port: string): Promise<Holder | undefined> {
  const lsof = await execa('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], dockerOptions({}))
  const byLsof = /^p(?<pid>\d+)\nc(?<name>.+)$/m.exec(lsof.stdout)?.groups
  const ss = byLsof ? undefined : await execa('ss', ['-Hltnp', `sport = :${port}`], dockerOptions({}))
  const bySs = /\(\("(?<name>[^"]+)",pid=(?<pid>\d+)/.exec(ss?.stdout ?? '')?.groups
  const process = byLsof ?? bySs
  return process && {name: `${process.name} (process ${process.pid})`}
}
