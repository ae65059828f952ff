// The environment contract of a backend container, read once at start.
import {InvalidEnvironment, origin, parseUrl, port, required, type Environment} from './variables.js'

export interface Database {
  host: string
  port: number
  database: string
  schema: string | null
  user: string
  password: string
}

export interface RedisServer {
  host: string
  port: number
  password: string | null
}

export interface Bucket {
  endpoint: string
  accessKey: string
  secretKey: string
  name: string
}

export interface Settings {
  /** Host and port to listen on. */
  address: {host: string; port: number}
  database: Database | null
  redis: RedisServer | null
  bucket: Bucket | null
  /** Origin of each service behind a gateway, by name and in that order; empty for every other service. */
  services: ReadonlyMap<string, string>
}

/** The name the stub answers and logs under. */
export function serviceName(env: Environment): string {
  return env.SPRING_APPLICATION_NAME || env.SERVICE_NAME || 'stub'
}

/** Reads and checks all variables. What is not set (a gateway has no database) is null. */
export function readSettings(env: Environment): Settings {
  return {
    address: {host: env.SERVER_ADDRESS || '0.0.0.0', port: port('SERVER_PORT', required(env, 'SERVER_PORT'))},
    database: env.SPRING_DATASOURCE_URL ? readDatabase(env) : null,
    redis: env.SPRING_DATA_REDIS_HOST ? readRedis(env) : null,
    bucket: env.S3_ENDPOINT ? readBucket(env) : null,
    services: readServices(env),
  }
}

function readDatabase(env: Environment): Database {
  const url = datasource(required(env, 'SPRING_DATASOURCE_URL'))
  return {
    host: url.hostname,
    port: url.port ? Number(url.port) : 5432,
    database: url.pathname.slice(1),
    schema: url.searchParams.get('currentSchema'),
    user: required(env, 'SPRING_DATASOURCE_USERNAME'),
    password: required(env, 'SPRING_DATASOURCE_PASSWORD'),
  }
}

// The message leaves the value out: JDBC URLs may carry a password.
function datasource(value: string): URL {
  const url = value.startsWith('jdbc:postgresql://') ? parseUrl(value.slice('jdbc:'.length)) : null
  if (!url?.hostname || !/^\/[^/%]+$/.test(url.pathname)) {
    throw new InvalidEnvironment(
      'SPRING_DATASOURCE_URL is not of the form jdbc:postgresql://HOST:PORT/DATABASE',
    )
  }
  return url
}

function readRedis(env: Environment): RedisServer {
  return {
    host: required(env, 'SPRING_DATA_REDIS_HOST'),
    port: port('SPRING_DATA_REDIS_PORT', env.SPRING_DATA_REDIS_PORT || '6379'),
    password: env.SPRING_DATA_REDIS_PASSWORD || null,
  }
}

function readBucket(env: Environment): Bucket {
  return {
    endpoint: origin('S3_ENDPOINT', required(env, 'S3_ENDPOINT')),
    accessKey: required(env, 'S3_ACCESS_KEY'),
    secretKey: required(env, 'S3_SECRET_KEY'),
    name: required(env, 'S3_BUCKET'),
  }
}

function readServices(env: Environment): Map<string, string> {
  const services = new Map<string, string>()
  for (const variable of Object.keys(env).sort()) {
    const name = /^([A-Z]+)_SERVICE_URL$/.exec(variable)?.[1]
    if (name && env[variable]) services.set(name.toLowerCase(), origin(variable, env[variable]))
  }
  return services
}
