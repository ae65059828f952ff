import type {Problem} from '../../errors.js'
import type {Target} from '../engine.js'
import {findTaken, holdingProcess, type Place, stillTaken, takenByOne} from '../ports.js'
import {type Container, inspectListed, isRunning, LABEL} from './containers/states.js'

interface Taken extends Place {
  holder: PortHolder | undefined
}

interface PortHolder {
  name: string
  /** Set for a container of a Compose project. */
  project?: string
}

/** Returns a problem for each port of the target that is in use by anything but its own containers. */
export async function findTakenPorts(
  target: Target,
  containers: Container[],
  signal: AbortSignal,
): Promise<Problem[]> {
  const own = new Set(containers.filter(isRunning).flatMap(publishedAddresses))
  const bind = target.settings.values.BIND!
  const taken = await stillTaken(await findTaken(target, ({port}) => own.has(`${bind}:${port}`)), bind)
  const publishers = await findPublishers(taken, signal)
  const withHolder = async (place: Place): Promise<Taken> => ({
    ...place,
    holder: await findHolder(place.port, bind, publishers),
  })
  return toProblems(target, await Promise.all(taken.map(withHolder)))
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

/**
 * Returns the containers that publish any of the ports, read from their properties: in its list, docker joins neighbouring
 * ports, as in `127.0.0.1:9000-9001->9000-9001/tcp`.
 */
async function findPublishers(places: Place[], signal: AbortSignal): Promise<Container[]> {
  if (places.length === 0) return []
  return inspectListed(
    places.flatMap(({port}) => ['--filter', `publish=${port}`]),
    signal,
  )
}

/** Finds the container or process that uses a port, as far as this user may see it. */
async function findHolder(
  port: string,
  bind: string,
  publishers: Container[],
): Promise<PortHolder | undefined> {
  // The same port on another address does not conflict.
  const isInTheWay = (address: string): boolean =>
    bind === '0.0.0.0'
      ? address.endsWith(`:${port}`)
      : [bind, '0.0.0.0'].some(host => address === `${host}:${port}`)
  const container = publishers.find(one => publishedAddresses(one).some(isInTheWay))
  if (container) {
    const project = container.Config.Labels?.[LABEL.project]
    return {name: `the container ${container.Name.slice(1)}`, ...(project && {project})}
  }
  const name = await holdingProcess(port)
  return name === undefined ? undefined : {name}
}
