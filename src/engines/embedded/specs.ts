import {createHash} from 'node:crypto'
import {join} from 'node:path'
import {SERVICES, type Service} from '../../stack/catalogue.js'
import {which} from '../../system/which.js'
import type {Target} from '../engine.js'
import {hashStubs, STUBS} from '../stubs.js'
import {addressOf, environmentOf, hostOf, type Values} from './environment.js'
import type {StackDirectory} from './stack-directory/stack-directory.js'
import {findOwner, type Owner} from './postgres/owner.js'
import {type PostgresPrograms, versionOf} from './postgres/programs.js'
import type {Run, ServiceSpec} from './service-spec.js'

/** What determines how the services run on this machine. */
interface ServicePlace {
  values: Values
  stackDirectory: StackDirectory
  owner: Owner | undefined
  postgres: PostgresPrograms
  /** Paths of the programs; undefined if not found on this machine. */
  redis: string | undefined
  minio: string | undefined
  /** The hash of the program and the documents of the stubs. */
  stubs: string
}

/** The display name of a service and how it runs. */
type Form = Pick<ServiceSpec, 'image' | 'run'>

/** Returns how to run each service of the target on this machine, or why it is skipped. */
export async function specsOf(
  target: Target,
  postgres: PostgresPrograms,
  stackDirectory: StackDirectory,
): Promise<ServiceSpec[]> {
  const [owner, redis, minio, stubs] = await Promise.all([
    findOwner(),
    which('redis-server'),
    which('minio'),
    hashStubs(),
  ])
  const site = {values: target.settings.values, stackDirectory, owner, postgres, redis, minio, stubs}
  const services = SERVICES.filter(({name}) => target.services.includes(name))
  return Promise.all(services.map(async service => toSpec(service, site)))
}

async function toSpec(service: Service, site: ServicePlace): Promise<ServiceSpec> {
  const published = service.ports.map(
    ({container}, index) => [container, addressOf(service.name, site.values, index)] as const,
  )
  return {
    service: service.name,
    needs: service.needs,
    stub: service.kind !== 'infrastructure',
    published: Object.fromEntries(published),
    ...(await (INFRASTRUCTURE[service.name] ?? stub)(site, service.name)),
  }
}

const INFRASTRUCTURE: Partial<Record<string, (site: ServicePlace) => Form | Promise<Form>>> = {
  postgres,
  redis,
  minio,
}

function postgres({postgres: {bin, version}, values, stackDirectory, owner}: ServicePlace): Form {
  const {POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: name, POSTGRES_PORT: port} = values
  const options = {listen_addresses: values.BIND!, port: port!, unix_socket_directories: ''}
  const server = {host: hostOf(values), port: Number(port), user: user!}
  return {
    image: `postgres ${version}`,
    run: {
      program: [
        join(bin, 'postgres'),
        ...['-D', stackDirectory.data('postgres')],
        ...Object.entries(options).flatMap(([option, value]) => ['-c', `${option}=${value}`]),
      ],
      env: usualEnvironment(stackDirectory),
      directory: stackDirectory.path,
      owner,
      // Fast shutdown; SIGTERM would wait until every client has disconnected.
      stop: 'SIGINT',
      health: {by: 'postgres', ...server, database: name!},
      database: {...server, bin, data: stackDirectory.data('postgres'), name: name!, password: password!},
    },
  }
}

async function redis({redis: program, values, stackDirectory, owner}: ServicePlace): Promise<Form> {
  if (program === undefined) return skipped('redis', 'redis-server', 'apt install redis-server')
  const hash = createHash('sha256').update(values.REDIS_PASSWORD!).digest('hex')
  const port = values.REDIS_PORT!
  return {
    image: `redis ${await versionOf(program, /v=(\S+)/)}`,
    run: {
      program: [
        program,
        '-',
        ...['--port', port, '--bind', values.BIND!, '--dir', stackDirectory.data('redis')],
        ...['--appendonly', 'yes', '--daemonize', 'no'],
      ],
      // The SHA-256 hash of the password contains no characters with a special meaning.
      input: `user default on #${hash} ~* &* +@all\n`,
      env: usualEnvironment(stackDirectory),
      directory: stackDirectory.data('redis'),
      owner,
      stop: 'SIGTERM',
      health: {by: 'redis', host: hostOf(values), port: Number(port), password: values.REDIS_PASSWORD!},
    },
  }
}

async function minio({minio: program, values, stackDirectory, owner}: ServicePlace): Promise<Form> {
  if (program === undefined) {
    return skipped('minio', 'minio', 'see https://github.com/minio/minio')
  }
  const directory = stackDirectory.data('minio')
  const [api, console] = [0, 1].map(index => addressOf('minio', values, index))
  return {
    image: `minio ${await versionOf(program, /version (?:RELEASE\.)?(\S+)/)}`,
    run: {
      program: [program, 'server', directory, '--address', api!, '--console-address', console!],
      env: {
        ...usualEnvironment(stackDirectory),
        HOME: directory,
        MINIO_ROOT_USER: values.S3_ACCESS_KEY!,
        MINIO_ROOT_PASSWORD: values.S3_SECRET_KEY!,
      },
      directory,
      // MinIO treats a subdirectory of its data directory as a bucket.
      folders: [values.S3_BUCKET!],
      owner,
      stop: 'SIGTERM',
      health: {by: 'http', url: `http://${api}/minio/health/ready`},
    },
  }
}

function skipped(service: string, program: string, how: string): Form {
  return {image: service, run: {skipped: `${program} not found on PATH; to install it: ${how}`}}
}

const STUB_SERVER = join(STUBS, 'server.js')

async function stub(
  {values, stackDirectory, redis: redisHere, minio: minioHere, stubs}: ServicePlace,
  service: string,
): Promise<Form> {
  const missing = new Set([...(redisHere ? [] : ['redis']), ...(minioHere ? [] : ['minio'])])
  return {
    // The hash identifies the version of the stub, so that a new version replaces the running one.
    image: `stub ${stubs}`,
    run: {
      program: [process.execPath, STUB_SERVER, service],
      env: {
        ...usualEnvironment(stackDirectory),
        ...environmentOf(service, values, name => !missing.has(name)),
      },
      directory: stackDirectory.path,
      stop: 'SIGTERM',
      health: {by: 'http', url: `http://${addressOf(service, values)}/actuator/health/readiness`},
    } satisfies Run,
  }
}

/** Variables that every program needs; they contain no secret. */
function usualEnvironment({path}: StackDirectory): Record<string, string> {
  const {PATH = '/usr/local/bin:/usr/bin:/bin', LD_LIBRARY_PATH} = process.env
  return {PATH, HOME: path, LC_ALL: 'C', TZ: 'UTC', ...(LD_LIBRARY_PATH && {LD_LIBRARY_PATH})}
}
