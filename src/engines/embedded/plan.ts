import {AquastreamError, type Problem} from '../../errors.js'
import {freeSpace} from '../../system/files/disk.js'
import {size} from '../../system/text/size.js'
import type {Change, Plan, Target} from '../engine.js'
import {
  findTaken,
  findUnusable,
  holdingProcess,
  NOT_YET,
  type Place,
  stillTaken,
  takenByOne,
} from '../ports.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {createStackDirectory} from './stack-directory/create.js'
import {choosePostgres} from './postgres/choose.js'
import {fingerprint} from './service-spec.js'
import {specsOf} from './specs.js'
import {readStates} from './states.js'
import type {Supervised} from './supervisor/supervisor.js'

/** Required free space, in bytes: a new database takes 60 MB, and its write-ahead log grows to 1 GiB under load. */
const DISK_FLOOR = 512 * 1024 ** 2

/** Checks all requirements of a start on this machine and determines its changes; creates only empty directories. */
export async function planStart(
  target: Target,
  stackDirectory: StackDirectory,
  signal: AbortSignal,
): Promise<Plan> {
  const jobless = {...target, jobs: []}
  const stubs = {services: [], image: ''}
  const empty = {target: jobless, states: [], changes: [], stubs, images: [], ports: NOT_YET}
  const refused = target.real.map(realNeedsDocker)
  try {
    await createStackDirectory(stackDirectory)
    const [postgres, states] = await Promise.all([
      choosePostgres(stackDirectory),
      readStates(stackDirectory, signal),
    ])
    const [ports, disk, specs] = await Promise.all([
      findPortProblems(target, stackDirectory),
      findDiskProblem(stackDirectory),
      // Invalid settings are reported elsewhere, and no service can be defined with them.
      target.settings.problems.length > 0 ? [] : specsOf(target, postgres.programs, stackDirectory),
    ])
    return {
      ...empty,
      problems: [...refused, ...ports, ...disk],
      states,
      changes: specs.map(spec => compare(spec.service, fingerprint(spec), states)),
      stubs: {services: specs.filter(({stub}) => stub).map(({service}) => service), image: 'stub'},
      images: postgres.need ? [postgres.need] : [],
      ports: {services: target.services},
    }
  } catch (error) {
    if (!(error instanceof AquastreamError)) throw error
    return {...empty, problems: [...refused, ...error.problems]}
  }
}

function realNeedsDocker(service: string): Problem {
  return {
    code: 'usage',
    message: `--real ${service} is not possible: the embedded engine runs every backend as a stub`,
    hint: 'remove --real, or run dev on Docker: --engine compose',
  }
}

async function findPortProblems(target: Target, stackDirectory: StackDirectory): Promise<Problem[]> {
  // Sequentially: two concurrent checks of the same port would see each other.
  const unusable = await findUnusable(target)
  const taken = await findTaken(target, () => false)
  // Read after the ports, since a concurrent start may have occupied some of them in the meantime.
  const states = await readStates(stackDirectory)
  const isOwn = ({service, port}: Place): boolean =>
    states.some(state => state.service === service && (state.health === 'unhealthy' || isAt(state, port)))
  const foreign = await stillTaken(
    taken.filter(place => !isOwn(place)),
    target.settings.values.BIND!,
  )
  const inTheWay = await Promise.all(
    foreign.map(async place => {
      const holder = states.find(state => isAt(state, place.port))
      return holder
        ? takenByNeighbour(place, holder)
        : takenByOne(place, await holdingProcess(place.port), target)
    }),
  )
  return [...unusable, ...inTheWay]
}

function isAt({published}: Supervised, port: string): boolean {
  return Object.values(published).some(address => address.endsWith(`:${port}`))
}

function takenByNeighbour({service, port}: Place, holder: Supervised): Problem {
  return {
    code: 'port-taken',
    message: `port ${port} of ${service} is already in use by ${holder.service} of the running stack`,
    hint: 'stop the stack first: aquastream env:down --profile dev',
  }
}

async function findDiskProblem({path}: StackDirectory): Promise<Problem[]> {
  const free = await freeSpace(path)
  if (free >= DISK_FLOOR) return []
  return [
    {
      code: 'disk-full',
      message: `only ${size(free)} free in ${path}, and ${size(DISK_FLOOR)} are required`,
      hint: 'free disk space there, or set XDG_STATE_HOME to a directory on another disk',
    },
  ]
}

function compare(service: string, wanted: string, states: Supervised[]): Change {
  const now = states.find(state => state.service === service)
  if (!now) return {service, action: 'create', reason: 'it is not running'}
  if (now.fingerprint === '') return {service, action: 'recreate', reason: now.healthOutput}
  if (now.fingerprint !== wanted) return {service, action: 'recreate', reason: 'its settings have changed'}
  if (now.state === 'exited') return {service, action: 'start', reason: 'it is stopped'}
  const since = now.unhealthySince
  if (since !== undefined) return {service, action: 'restart', reason: 'it is unhealthy', since}
  return {service, action: 'none', reason: 'it is running'}
}
