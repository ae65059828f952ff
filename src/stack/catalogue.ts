/** What a service publishes on the host: the port inside the container, and the variable that moves it. */
interface Port {
  container: number
  variable: string
}

/**
 * A long-running service of the platform. The compose file says how it runs; a test compares the two, and
 * the table in docs/infrastructure.md, with this list.
 */
export interface Service {
  name: string
  kind: 'infrastructure' | 'backend' | 'mocks'
  /** The first is the one that people open. */
  ports: [Port, ...Port[]]
  /** Scheme of the address shown to people; a bare host:port when absent. */
  scheme?: 'http'
  schema?: string
  image: string
  imageVariable: string
  needs: string[]
}

/** A container that prepares something once and ends; a service that needs it waits for its exit status 0. */
export interface Job {
  name: string
  purpose: string
  /** The service that cannot be used before the job has ended. */
  prepares: string
}

/** In migration order. */
const SCHEMAS = ['user', 'event', 'crew', 'payment', 'notification', 'media'] as const

/** Beside the database and Redis, which every service with a schema needs. */
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

/** Stands in for Telegram, YooKassa and CloudPayments; the other profiles talk to the real ones. */
const mocks: Service = {
  name: 'mocks',
  kind: 'mocks',
  ports: [{container: 8090, variable: 'MOCKS_PORT'}],
  scheme: 'http',
  image: 'aquastream/mocks',
  imageVariable: 'MOCKS_IMAGE',
  needs: [],
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

/** Every service of any profile, in the order in which people read them: what the others stand on first. */
export const SERVICES: readonly Service[] = [...infrastructure, ...backends, mocks]

/** The services that a profile has: third parties are mocked in dev only. */
export function servicesOf(profile: string): Service[] {
  return SERVICES.filter(({kind}) => kind !== 'mocks' || profile === 'dev')
}

/** What runs once per start, idempotently. */
export const JOBS: readonly Job[] = [
  {name: 'postgres-schemas', purpose: 'makes a schema for each service', prepares: 'postgres'},
  {name: 'minio-volume', purpose: 'gives the new volume to the user that MinIO runs as', prepares: 'minio'},
  {name: 'minio-bucket', purpose: 'makes the bucket for media', prepares: 'minio'},
]

/**
 * The services with everything that they need in a profile, and the jobs that prepare those; all of the
 * profile for an empty list.
 */
export function withNeeds(names: readonly string[], profile: string): {services: Service[]; jobs: Job[]} {
  const all = servicesOf(profile)
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
