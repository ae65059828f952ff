/** A published port: the port inside the container, and the variable that sets the port on the host. */
interface Port {
  container: number
  variable: string
}

/**
 * A long-running service of the platform. The Compose file defines how it runs. A test checks that this list, the
 * Compose file and the table in docs/infrastructure.md agree.
 */
export interface Service {
  name: string
  kind: 'infrastructure' | 'backend' | 'mocks' | 'edge'
  /** The first port is the one shown to users. */
  ports: [Port, ...Port[]]
  /** The scheme of the address shown to users; without it the address is host:port. */
  scheme?: 'http'
  schema?: string
  image: string
  imageVariable: string
  needs: string[]
}

/** A container that prepares something and exits; a service that needs it waits until it exits with status 0. */
export interface Job {
  name: string
  purpose: string
  /** The service that cannot be used before the job has finished. */
  prepares: string
}

/** In migration order. */
const SCHEMAS = ['user', 'event', 'crew', 'payment', 'notification', 'media'] as const

/** Dependencies in addition to PostgreSQL and Redis, which every service with a schema needs. */
const NEEDS: Partial<Record<(typeof SCHEMAS)[number], string[]>> = {
  payment: ['mocks'],
  notification: ['mocks'],
  media: ['minio'],
}

const infrastructure: Service[] = [
  {
    name: 'postgres',
    kind: 'infrastructure',
    ports: [{container: 5432, variable: 'POSTGRES_PORT'}],
    image: 'postgres:16-alpine',
    imageVariable: 'POSTGRES_IMAGE',
    needs: [],
  },
  {
    name: 'redis',
    kind: 'infrastructure',
    ports: [{container: 6379, variable: 'REDIS_PORT'}],
    image: 'redis:7-alpine',
    imageVariable: 'REDIS_IMAGE',
    needs: [],
  },
  {
    name: 'minio',
    kind: 'infrastructure',
    ports: [
      {container: 9000, variable: 'MINIO_PORT'},
      {container: 9001, variable: 'MINIO_CONSOLE_PORT'},
    ],
    scheme: 'http',
    image: 'quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z',
    imageVariable: 'MINIO_IMAGE',
    needs: [],
  },
]

const backends: Service[] = [
  backend('gateway', 8080, ['redis']),
  ...SCHEMAS.map((schema, index) => ({
    ...backend(schema, 8101 + index, ['postgres', 'redis', ...(NEEDS[schema] ?? [])]),
    schema,
  })),
]

/** Replaces Telegram, YooKassa and CloudPayments in dev; the other profiles use the real ones. */
const mocks: Service = {
  name: 'mocks',
  kind: 'mocks',
  ports: [{container: 8090, variable: 'MOCKS_PORT'}],
  scheme: 'http',
  image: 'aquastream/mocks',
  imageVariable: 'MOCKS_IMAGE',
  needs: [],
}

/** Publishes the gateway on Swarm, under the port of the gateway; the other engines publish the gateway itself. */
const edge: Service = {
  name: 'edge',
  kind: 'edge',
  ports: [{container: 8080, variable: 'GATEWAY_PORT'}],
  scheme: 'http',
  image: 'caddy:2-alpine',
  imageVariable: 'EDGE_IMAGE',
  needs: ['gateway'],
}

function backend(name: string, port: number, needs: string[]): Service {
  const variable = name.toUpperCase()
  return {
    name,
    kind: 'backend',
    ports: [{container: port, variable: `${variable}_PORT`}],
    scheme: 'http',
    image: `aquastream/backend-${name}`,
    imageVariable: `BACKEND_${variable}_IMAGE`,
    needs,
  }
}

/** Every service of any profile, in the order in which they are shown; it is not the start order. */
export const SERVICES: readonly Service[] = [...infrastructure, ...backends, mocks, edge]

/** Returns the services of a profile; the mocks exist only in dev, and the edge only on the swarm engine. */
export function servicesOf(profile: string, engine = 'compose'): Service[] {
  return SERVICES.filter(
    ({kind}) => (kind !== 'mocks' || profile === 'dev') && (kind !== 'edge' || engine === 'swarm'),
  )
}

/** The idempotent jobs that run at every start. */
export const JOBS: readonly Job[] = [
  {name: 'postgres-schemas', purpose: 'creates a schema for each service', prepares: 'postgres'},
  {name: 'minio-volume', purpose: 'changes the owner of a new volume to the MinIO user', prepares: 'minio'},
  {name: 'minio-bucket', purpose: 'creates the bucket for media files', prepares: 'minio'},
]

/**
 * Returns the named services with all their dependencies in a profile, and the jobs that prepare them. An empty list
 * selects every service of the profile that exists on the engine.
 */
export function withNeeds(
  names: readonly string[],
  profile: string,
  engine?: string,
): {services: Service[]; jobs: Job[]} {
  const all = servicesOf(profile, engine)
  const wanted = new Set<string>()
  const add = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    all.find(service => service.name === name)?.needs.forEach(add)
  }
  for (const name of names.length > 0 ? names : all.map(service => service.name)) add(name)
  return {
    services: all.filter(service => wanted.has(service.name)),
    jobs: JOBS.filter(job => wanted.has(job.prepares)),
  }
}
