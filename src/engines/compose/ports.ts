import {execa} from '../../system/execa.js'
import type {Problem} from '../../errors.js'
import type {Target} from '../engine.js'
import {findTaken, holdingProcess, type Place, stillTaken, takenByOne} from '../ports.js'
import {ANSWER_MS, dockerOptions} from './docker.js'
import {type Container, isRunning, LABEL} from './containers/states.js'

interface Taken extends Place {
  holder: PortHolder | undefined
}

interface PortHolder {
  name: string
  /** Set for a container of a Compose project. */
  project?: string
}

/** Returns a problem for each port of the target that is in use by anything but its own containers. */
export async function findTakenPorts(target: Target, containers: Container[]): Promise<Problem[]> {
  const own = new Set(containers.filter(isRunning).flatMap(publishedAddresses))
  const bind = target.settings.values.BIND!
  const taken = await stillTaken(await findTaken(target, ({port}) => own.has(`${bind}:${port}`)), bind)
  return toProblems(
    target,
    await Promise.all(taken.map(async place => ({...place, holder: await findHolder(place.port, bind)}))),
  )
}

/** Ports that another stack uses are reported as one problem, since stopping that stack frees all of them. */
function toProblems(target: Target, taken: Taken[]): Problem[] {
  const projects = [...new Set(taken.map(({holder}) => holder?.project))]
  return projects.flatMap(project => {
    const ports = taken.filter(({holder}) => holder?.project === project)
    if (project && ports.length > 1) return [takenByStack(project, ports)]
    return ports.map(({holder, ...place}) => takenByOne(place, holder?.name, target))
  })
}

function takenByStack(project: string, ports: Taken[]): Problem {
  return {
    code: 'port-taken',
    message: `ports ${ports.map(({port}) => port).join(', ')} are already in use by the stack ${project}`,
    hint: `stop that stack with docker compose -p ${project} down, or publish this one on another address, for example BIND=127.0.0.2`,
  }
}

function publishedAddresses({NetworkSettings: {Ports: ports}}: Container): string[] {
  return Object.values(ports).flatMap(bindings =>
    (bindings ?? []).map(({HostIp, HostPort}) => `${HostIp}:${HostPort}`),
  )
}

/** Finds the container or process that uses a port, as far as this user may see it. */
async function findHolder(port: string, bind: string): Promise<PortHolder | undefined> {
  const container = await holdingContainer(port, bind)
  if (container) return container
  const name = await holdingProcess(port)
  return name === undefined ? undefined : {name}
}

async function holdingContainer(port: string, bind: string): Promise<PortHolder | undefined> {
  const format = `{{.Names}}\t{{.Label "${LABEL.project}"}}\t{{.Ports}}`
  const args = ['ps', '--filter', `publish=${port}`, '--format', format]
  const {stdout} = await execa('docker', args, {...dockerOptions({}), timeout: ANSWER_MS})
  // The same port on another address does not conflict.
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
