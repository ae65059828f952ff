// The environment variables of a backend container. They are read once, when the server starts.
import {
  InvalidEnvironment,
  parseOrigin,
  parsePort,
  parseUrl,
  required,
  type Environment,
} from './variables.js'

/** The PostgreSQL database of a service. */
export interface Database {
  host: string
  port: number
  database: string
  /** Null if the URL names none. */
  schema: string | null
  user: string
  password: string
}

/** The Redis server of a service. */
export interface RedisServer {
  host: string
  port: number
  /** Null if the server requires none. */
  password: string | null
}

/** The bucket of a service in an S3-compatible object store. */
export interface Bucket {
  endpoint: string
  accessKey: string
  secretKey: string
  name: string
}

/** The settings of a stub. A service that the stub does not use is null; the gateway, for example, has no database. */
export interface Settings {
  /** The address to listen on. */
  address: {host: string; port: number}
  database: Database | null
  redis: RedisServer | null
  bucket: Bucket | null
  /** The origins of the services behind the gateway, sorted by name. Empty for every other service. */
  services: ReadonlyMap<string, string>
}

/** Returns the name of the service that the stub replaces. The name also appears in the log. */
export function serviceName(env: Environment): string {
  return env.SPRING_APPLICATION_NAME || env.SERVICE_NAME || 'stub'
}

/** Returns whether a proxy is in front of this service, as Spring Boot is told it. */
export function isBehindProxy(env: Environment): boolean {
  return ['native', 'framework'].includes(env.SERVER_FORWARD_HEADERS_STRATEGY ?? '')
}

/**
 * Reads and validates all variables.
 *
 * @throws InvalidEnvironment if a variable is missing or malformed
 */
export function readSettings(env: Environment): Settings {
  return {
    address: {
      host: env.SERVER_ADDRESS || '0.0.0.0',
      port: parsePort('SERVER_PORT', required(env, 'SERVER_PORT')),
    },
    database: env.SPRING_DATASOURCE_URL ? readDatabase(env) : null,
    redis: env.SPRING_DATA_REDIS_HOST ? readRedis(env) : null,
    bucket: env.S3_ENDPOINT ? readBucket(env) : null,
    services: readServices(env),
  }
}

function readDatabase(env: Environment): Database {
  const url = parseJdbcUrl(required(env, 'SPRING_DATASOURCE_URL'))
  return {
    host: url.hostname,
    port: url.port ? Number(url.port) : 5432,
    database: url.pathname.slice(1),
    schema: url.searchParams.get('currentSchema'),
    user: required(env, 'SPRING_DATASOURCE_USERNAME'),
    password: required(env, 'SPRING_DATASOURCE_PASSWORD'),
  }
}

// The message does not contain the value, because a JDBC URL may contain a password.
function parseJdbcUrl(value: string): URL {
  const url = value.startsWith('jdbc:postgresql://') ? parseUrl(value.slice('jdbc:'.length)) : null
  if (!url?.hostname || !/^\/[^/%]+$/.test(url.pathname)) {
    throw new InvalidEnvironment(
      'SPRING_DATASOURCE_URL must have the form jdbc:postgresql://HOST:PORT/DATABASE',
    )
  }
  return url
}

function readRedis(env: Environment): RedisServer {
  return {
    host: required(env, 'SPRING_DATA_REDIS_HOST'),
    port: parsePort('SPRING_DATA_REDIS_PORT', env.SPRING_DATA_REDIS_PORT || '6379'),
    password: env.SPRING_DATA_REDIS_PASSWORD || null,
  }
}

function readBucket(env: Environment): Bucket {
  return {
    endpoint: parseOrigin('S3_ENDPOINT', required(env, 'S3_ENDPOINT')),
    accessKey: required(env, 'S3_ACCESS_KEY'),
    secretKey: required(env, 'S3_SECRET_KEY'),
    name: required(env, 'S3_BUCKET'),
  }
}

function readServices(env: Environment): Map<string, string> {
  const services = new Map<string, string>()
  for (const variable of Object.keys(env).sort()) {
    const name = /^([A-Z]+)_SERVICE_URL$/.exec(variable)?.[1]
    if (name && env[variable]) services.set(name.toLowerCase(), parseOrigin(variable, env[variable]))
  }
  return services
}
