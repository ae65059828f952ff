import type {FastifyInstance, FastifyReply} from 'fastify'
import {healthOf, runChecks, type Check, type Component, type Health} from './check.js'
import {readinessOf} from './readiness.js'

// Above the time that a service takes to report a check that hangs
const SERVICES_LIMIT_MS = 3000
const UP: Component = {status: 'UP'}
const GROUPS = ['liveness', 'readiness']
const MEDIA_TYPE = 'application/vnd.spring-boot.actuator.v3+json'
// Probes come every few seconds: only a bug is logged here, and each change of readiness
const quiet = {logLevel: 'error'} as const

/** Adds Spring Boot's actuator endpoints. Services count for the health but not for the readiness. */
export function addActuator(app: FastifyInstance, checks: Check[], services: Check[]): void {
  const readiness = readinessOf(checks, app.log)
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

/** Adds the document about the service itself. */
export function addInfo(app: FastifyInstance, service: string): void {
  app.get('/actuator/info', quiet, async (_, reply) => {
    const description = `stub of the service ${service}: checks all requests by its OpenAPI document, remembers a little, and answers with examples`
    return reply.type(MEDIA_TYPE).send({app: {name: service, description, stub: true}})
  })
}

function send(reply: FastifyReply, health: Health & {groups?: string[]}): FastifyReply {
  return reply
    .code(health.status === 'UP' ? 200 : 503)
    .type(MEDIA_TYPE)
    .send(health)
}
