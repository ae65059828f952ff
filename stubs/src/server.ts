// The entry point of the stub image. The server replaces a backend, the gateway or the third parties in dev.
import {isBehindProxy, readSettings, serviceName, type Settings} from './environment.js'
import {bucketCheck} from './health/bucket.js'
import {causeOf, type HealthCheck} from './health/check.js'
import {postgresCheck} from './health/postgres.js'
import {redisCheck} from './health/redis.js'
import {addActuator, addInfo} from './health/routes.js'
import {serviceCheck} from './health/service.js'
import {createApp} from './http/app.js'
import {withSecretFiles} from './secrets.js'
import {InvalidEnvironment} from './variables.js'

const SHUTDOWN_TIMEOUT_MS = 700

const env = withSecretFiles(process.env)
const service = serviceName(env)
const app = createApp(service, isBehindProxy(env))
process.on('uncaughtException', fail)
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
await start(readSettings(env))

async function start(settings: Settings): Promise<void> {
  const {address, services} = settings
  const serviceChecks = [...services].map(([name, origin]) => serviceCheck(name, origin))
  addActuator(app, createChecks(settings), serviceChecks)
  addInfo(app, service)
  await addService(settings)
  await listen(address)
  const durationMs = Math.round(performance.now())
  app.log.info({durationMs}, `listening on port ${address.port}`)
}

async function addService(settings: Settings): Promise<void> {
  if (service === 'gateway') {
    const {addGateway} = await import('./gateway/gateway.js')
    await addGateway(app, settings.services, env)
  } else if (service === 'mocks') {
    const {addMocks} = await import('./mocks/mocks.js')
    await addMocks(app, env)
  } else {
    const {addBackend} = await import('./services/backend.js')
    await addBackend(app, service, {settings, env})
  }
}

// Fastify would log one line per network address
async function listen(address: Settings['address']): Promise<void> {
  const {level} = app.log
  app.log.level = 'silent'
  await app.listen(address).finally(() => (app.log.level = level))
}

function createChecks({database, redis, bucket}: Settings): HealthCheck[] {
  return [
    ...(database ? [postgresCheck(database)] : []),
    ...(redis ? [redisCheck(redis)] : []),
    ...(bucket ? [bucketCheck(bucket)] : []),
  ]
}

/** Lets requests in progress finish, and exits after the timeout even if one of them hangs. */
async function stop(): Promise<void> {
  setTimeout(() => process.exit(0), SHUTDOWN_TIMEOUT_MS)
  await app.close()
  process.exit(0)
}

function fail(error: Error): void {
  const details = error instanceof InvalidEnvironment ? {} : {stack: error.stack}
  app.log.fatal(details, causeOf(error))
  process.exit(1)
}
