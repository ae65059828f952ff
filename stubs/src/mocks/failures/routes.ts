import type {FastifyInstance} from 'fastify'
import * as z from '../zod.js'
import {acceptRawBodies, bodyText, parseJson} from '../body.js'
import type {Failures} from './failures.js'
import {canFail, FAILURES, SCRIPTS, type Failure, type MockProvider} from './scripts.js'

const scriptSchema = z
  .object({
    provider: z.enum(Object.keys(SCRIPTS) as MockProvider[]),
    operation: z.string(),
    failure: z.enum(Object.keys(FAILURES) as Failure[]),
    times: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 1),
  })
  .check(z.refine(canFail, {error: 'the operation does not exist or does not support this failure'}))

/** Adds the API by which tests script failures. */
export function addFailureRoutes(app: FastifyInstance, failures: Failures): void {
  acceptRawBodies(app)
  app.get('/__mocks/failures', async () => ({failures: failures.list()}))
  app.post('/__mocks/failures', async (request, reply) => {
    const script = readScript(parseJson(bodyText(request.body)))
    if ('error' in script) return reply.code(400).send(script)
    failures.add(script)
    return reply.code(201).send({failures: failures.list()})
  })
  app.delete('/__mocks/failures', async (_, reply) => {
    failures.clear()
    return reply.code(204).send()
  })
}

/** Validates a script. Returns it, or a one-line description of the first error. */
export function readScript(value: unknown): z.infer<typeof scriptSchema> | {error: string} {
  const {success, data, error} = scriptSchema.safeParse(value)
  if (success) return data
  const [{path, message}] = error.issues as [z.core.$ZodIssue]
  return {error: path.length > 0 ? `${path.join('.')}: ${message}` : message}
}
