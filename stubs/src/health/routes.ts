import type {FastifyInstance, FastifyReply} from 'fastify'
import {healthOf, runChecks, type Component, type Health, type HealthCheck} from './check.js'
import {createReadiness} from './readiness.js'

// Longer than a service takes to report a check that hangs
const SERVICES_LIMIT_MS = 3000
const UP: Component = {status: 'UP'}
const GROUPS = ['liveness', 'readiness']
const MEDIA_TYPE = 'application/vnd.spring-boot.actuator.v3+json'
// Health is requested every few seconds, so these requests are logged only if they fail with a bug
const quiet = {logLevel: 'error'} as const

/**
 * Adds the health endpoints of Spring Boot's actuator. The health document includes the other services, the readiness
 * document does not.
 */
export function addActuator(app: FastifyInstance, checks: HealthCheck[], services: HealthCheck[]): void {
  const readiness = createReadiness(checks, app.log)
  app.get('/actuator/health', quiet, async (_, reply) => {
    const [own, others] = await Promise.all([readiness(), runChecks(services, SERVICES_LIMIT_MS)])
    const states = {livenessState: UP, ping: UP, readinessState: UP}
    const health = healthOf({...own.components, ...others.components, ...states})
    return send(reply, {...health, groups: GROUPS})
  })
  app.get('/actuator/health/readiness', quiet, async (_, reply) => {
    const {components} = await readiness()
    return send(reply, healthOf({...components, readinessState: UP}))
  })
  app.get('/actuator/health/liveness', quiet, async (_, reply) => send(reply, healthOf({livenessState: UP})))
  app.addHook('onClose', async () => {
    await Promise.all([...checks, ...services].map(async check => check.close()))
  })
}

/** Adds the info endpoint of Spring Boot's actuator. Its member `stub` distinguishes a stub from a real service. */
export function addInfo(app: FastifyInstance, service: string): void {
  app.get('/actuator/info', quiet, async (_, reply) => {
    const description = `Stub of the service ${service}: validates requests against its OpenAPI document, keeps some state in memory, and responds with examples.`
    return reply.type(MEDIA_TYPE).send({app: {name: service, description, stub: true}})
  })
}

function send(reply: FastifyReply, health: Health & {groups?: string[]}): FastifyReply {
  return reply
    .code(health.status === 'UP' ? 200 : 503)
    .type(MEDIA_TYPE)
    .send(health)
}
