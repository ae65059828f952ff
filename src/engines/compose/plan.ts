import {SETTINGS} from '../../config/settings.js'
import type {Problem} from '../../errors.js'
import {JOBS} from '../../stack/catalogue.js'
import {freeSpace} from '../../system/files/disk.js'
import {lastLines} from '../../system/text/last-lines.js'
import {size} from '../../system/text/size.js'
import * as z from '../../system/zod.js'
import {get} from '../api/client.js'
import {docker, tryDocker} from '../docker/command.js'
import {isEngineLocal} from '../docker/endpoint.js'
import {findEngineProblem} from '../docker/problem.js'
import type {Change, Plan, Target} from '../engine.js'
import {ELSEWHERE, NOT_YET} from '../ports.js'
import {findDataElsewhere} from '../swarm/cluster/data-node.js'
import {chooseImages, type ImageChoice} from './images.js'
import {findTakenPorts} from './ports.js'
import {COMPOSE_FILE, composeArgs, composeEnv, imageOf, withoutDependenciesOutside} from './project.js'
import {unhealthySince} from './containers/health.js'
import {withMemoryKills} from './containers/memory-kills.js'
import {type Container, isRunning, LABEL, listContainers, serviceOf, toState} from './containers/states.js'

/** Required free space, in bytes: for updated image layers, logs and a growing database. */
const DISK_FLOOR = 2 * 1024 ** 3

/** Checks all requirements of a start on Docker and determines its changes; changes nothing. */
export async function planStart(target: Target, signal: AbortSignal): Promise<Plan> {
  const unreachable = await findEngineProblem(signal)
  if (unreachable) {
    const stubs = {services: [], image: ''}
    return {target, problems: [unreachable], states: [], changes: [], stubs, images: [], ports: NOT_YET}
  }
  const {project, profile} = target.settings
  const [listed, {images, file}, foreign, swarm, local] = await Promise.all([
    listContainers(project, signal),
    chooseImages(target, signal).then(async images => ({
      images,
      file: await readComposeFile(target, images, signal),
    })),
    findForeignProfile(target, signal),
    findSwarmProblem(target, signal),
    isEngineLocal(),
  ])
  const [containers, elsewhere, ports, disk] = await Promise.all([
    withMemoryKills(listed, signal),
    // Where it has containers, its data is here, and a Swarm without a leader must not prevent its start.
    listed.length > 0 || profile === 'dev' ? undefined : findDataElsewhere(project, signal),
    // The ports and the disk of a remote engine are not visible from this machine.
    local ? findTakenPorts(target, listed, signal) : [],
    local ? readDataRoot(signal).then(findDiskProblem) : [],
  ])
  return {
    target,
    problems: [...file.problems, ...foreign, ...swarm, ...(elsewhere ? [elsewhere] : []), ...ports, ...disk],
    states: containers.map(toState),
    changes: [...target.jobs, ...target.services].map(service =>
      compare(service, containers, {
        hashes: file.hashes,
        present: images.present,
        image: imageWanted(service, target, images),
      }),
    ),
    stubs: images.stubs,
    images: images.needs,
    ports: local ? {services: target.services} : ELSEWHERE,
  }
}

interface ComposeFile {
  problems: Problem[]
  /** The configuration hash with which Compose would label a container, by service. */
  hashes: Map<string, string>
}

/** Lets Compose itself parse the file, since its version number does not show whether it can. */
async function readComposeFile(
  target: Target,
  {stubs}: Pick<ImageChoice, 'stubs'>,
  signal: AbortSignal,
): Promise<ComposeFile> {
  // Compose would only report the invalid values again.
  if (target.settings.problems.some(({code}) => code === 'settings-invalid'))
    return {problems: [], hashes: new Map()}
  // Missing settings are reported elsewhere; dummy values keep Compose from stopping at the first one.
  const required = Object.fromEntries(REQUIRED.map(name => [name, 'unset']))
  const env = {...required, ...composeEnv(target, stubs)}
  const {ok, stdout, stderr} = await tryDocker(
    [...composeArgs(target, ['-f', '-']), 'config', '--hash', '*'],
    {env, signal, input: withoutDependenciesOutside(target)},
  )
  if (ok)
    return {
      problems: [],
      hashes: new Map(stdout.split('\n').map(line => line.split(' ') as [string, string])),
    }
  return {problems: [await explainCompose(lastLines(stderr, 3).join(' '), signal)], hashes: new Map()}
}

const REQUIRED = SETTINGS.filter(({neededIn}) => neededIn?.includes('dev')).map(({name}) => name)

async function explainCompose(words: string, signal: AbortSignal): Promise<Problem> {
  const {ok, stdout} = await tryDocker(['compose', 'version', '--short'], {signal})
  if (!ok) {
    return {
      code: 'compose-missing',
      message: 'the docker command has no Compose plugin',
      hint: 'install the Compose plugin: https://docs.docker.com/compose/install/linux/',
    }
  }
  return {
    code: 'compose-too-old',
    message: `Docker Compose ${stdout.trim()} cannot run ${COMPOSE_FILE} (${words})`,
    hint: 'update Docker Compose to 2.24 or newer: https://docs.docker.com/compose/install/linux/',
  }
}

const infoSchema = z.object({DockerRootDir: z.string()})

/** Reads the path of the data directory. `docker info` would start every plugin of the docker command for that. */
async function readDataRoot(signal: AbortSignal): Promise<string> {
  return (await get('/info', infoSchema, {what: 'describe itself', signal})).DockerRootDir
}

/** Checks the free space in the data directory of Docker Engine, if that directory is visible from this machine. */
export async function findDiskProblem(dataRoot: string): Promise<Problem[]> {
  const free = await freeSpace(dataRoot).catch(() => Infinity)
  if (free >= DISK_FLOOR) return []
  return [
    {
      code: 'disk-full',
      message: `only ${size(free)} free in ${dataRoot}, and ${size(DISK_FLOOR)} are required`,
      hint: 'check the disk usage of Docker with docker system df, and remove unused images with docker image prune',
    },
  ]
}

/** Two profiles in one project would share volumes: dev would use the data of prod with its own passwords. */
export async function findForeignProfile({settings}: Target, signal: AbortSignal): Promise<Problem[]> {
  const {project, profile} = settings
  const filter = ['--filter', `label=${LABEL.project}=${project}`]
  const {stdout} = await tryDocker(['volume', 'ls', ...filter, '--format', `{{.Label "${LABEL.profile}"}}`], {
    signal,
  })
  const other = stdout.split('\n').find(label => label && label !== profile)
  if (!other) return []
  return [
    {
      code: 'project-in-use',
      message: `project ${project} already contains data of profile ${other}`,
      hint: `set AQUASTREAM_PROJECT to another project name for ${profile}, or use --profile ${other}`,
    },
  ]
}

/** The label that Swarm sets on the containers of a stack. */
const NAMESPACE = 'com.docker.stack.namespace'

/**
 * Two engines must never run PostgreSQL on one volume. The containers are looked for, because they also run on a node that
 * cannot list the services of its Swarm.
 */
async function findSwarmProblem(
  {settings: {project, profile}}: Target,
  signal: AbortSignal,
): Promise<Problem[]> {
  const list = await docker(['ps', '-aq', '--filter', `label=${NAMESPACE}=${project}`], {signal})
  const count = list.split('\n').filter(Boolean).length
  if (count === 0) return []
  return [
    {
      code: 'refused',
      message: `${project} still has ${count} containers of the swarm engine, which would use the same data`,
      hint: `remove them on a manager of the Swarm; the data stays: aquastream env:down --profile ${profile}`,
    },
  ]
}

function compare(
  service: string,
  containers: Container[],
  {hashes, present, image}: Pick<ComposeFile, 'hashes'> & Wanted,
): Change {
  const container = containers.find(candidate => serviceOf(candidate) === service)
  if (!container) return {service, action: 'create', reason: 'it does not exist'}
  const images = changeOfImage(container, {present, image})
  if (images || container.Config.Labels?.[LABEL.hash] !== hashes.get(service))
    return {service, action: 'recreate', reason: reasonOf(images), ...(images && {images})}
  if (container.State.Status === 'paused') return {service, action: 'resume', reason: 'it is paused'}
  const since = unhealthySince(container)
  if (since !== undefined) return {service, action: 'restart', reason: 'it is unhealthy', since}
  if (isRunning(container)) return {service, action: 'none', reason: 'it is running'}
  return {service, action: 'start', reason: `it is ${container.State.Status}`}
}

/** The image that a service should run; undefined for a job, whose image is that of its service. */
interface Wanted extends Pick<ImageChoice, 'present'> {
  image: string | undefined
}

/** Returns the image of a container and the wanted one, if they differ. After a rollback its image can be an ID. */
function changeOfImage(
  {Image: id, Config: {Image: from}}: Container,
  {present, image: to = from}: Wanted,
): Change['images'] {
  const found = present.get(to)
  const isSame = found ? found.id === id : to === from
  return isSame ? undefined : {from, to}
}

function reasonOf(images: Change['images']): string {
  if (!images) return 'its settings have changed'
  return images.from === images.to ? 'its image has changed' : `from ${images.from} to ${images.to}`
}

function imageWanted(service: string, {settings}: Target, {stubs}: ImageChoice): string | undefined {
  if (stubs.services.includes(service)) return stubs.image
  return JOBS.some(({name}) => name === service) ? undefined : imageOf(service, settings.values)
}
