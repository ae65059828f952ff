// The stub image's entry point: stands in for a backend service, or for the gateway, in dev.
import {readSettings, serviceName, type Settings} from './environment.js'
import {bucketCheck} from './health/bucket.js'
import {causeOf, type Check} from './health/check.js'
import {postgresCheck} from './health/postgres.js'
import {redisCheck} from './health/redis.js'
import {addActuator, addInfo} from './health/routes.js'
import {serviceCheck} from './health/service.js'
import {createApp} from './http/app.js'
import {InvalidEnvironment} from './variables.js'

const STOP_LIMIT_MS = 700

const service = serviceName(process.env)
const app = createApp(service)
process.on('uncaughtException', fail)
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
await start(readSettings(process.env))

async function start(settings: Settings): Promise<void> {
  const {address, services} = settings
  const neighbours = [...services].map(([name, origin]) => serviceCheck(name, origin))
  addActuator(app, checksOf(settings), neighbours)
  addInfo(app, service)
  await addRole(settings)
  await listen(address)
  const durationMs = Math.round(performance.now())
  app.log.info({durationMs}, `stub of ${service} listens on port ${address.port}`)
}

/** What it plays, by its name. */
async function addRole(settings: Settings): Promise<void> {
  if (service === 'gateway') {
    const {addGateway} = await import('./gateway/gateway.js')
    await addGateway(app, settings.services, process.env)
  } else if (service === 'mocks') {
    const {addMocks} = await import('./mocks/mocks.js')
    await addMocks(app, process.env)
  } else {
    const {addBackend} = await import('./services/backend.js')
    await addBackend(app, service, {settings, env: process.env})
  }
}

// Fastify logs one line per network address while it begins to listen.
async function listen(address: Settings['address']): Promise<void> {
  const {level} = app.log
  app.log.level = 'silent'
  await app.listen(address).finally(() => (app.log.level = level))
}

function checksOf({database, redis, bucket}: Settings): Check[] {
  return [
    ...(database ? [postgresCheck(database)] : []),
    ...(redis ? [redisCheck(redis)] : []),
    ...(bucket ? [bucketCheck(bucket)] : []),
  ]
}

/** Open requests get a moment; then the process ends whatever hangs. */
async function stop(): Promise<void> {
  setTimeout(() => process.exit(0), STOP_LIMIT_MS)
  await app.close()
  process.exit(0)
}

function fail(error: Error): void {
  const detail = error instanceof InvalidEnvironment ? {} : {stack: error.stack}
  app.log.fatal(detail, causeOf(error))
  process.exit(1)
}
