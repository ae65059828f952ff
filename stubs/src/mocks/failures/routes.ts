import type {FastifyInstance} from 'fastify'
import * as z from 'zod'
import {jsonOf, takeBodies, textOf} from '../body.js'
import type {Failures} from './failures.js'
import {canFail, FAILURES, SCRIPTS, type Failure, type Provider} from './scripts.js'

const script = z
  .object({
    provider: z.enum(Object.keys(SCRIPTS) as Provider[]),
    operation: z.string(),
    failure: z.enum(Object.keys(FAILURES) as Failure[]),
    times: z.coerce.number().int().min(1).max(100).default(1),
  })
  .refine(canFail, {error: 'this operation cannot fail like that'})

/** What a test scripts, as the page shows it and DELETE forgets it. */
export function addFailureRoutes(app: FastifyInstance, failures: Failures): void {
  takeBodies(app)
  app.get('/__mocks/failures', async () => ({failures: failures.list()}))
  app.post('/__mocks/failures', async (request, reply) => {
    const read = readScript(jsonOf(textOf(request.body)))
    if ('error' in read) return reply.code(400).send(read)
    failures.add(read)
    return reply.code(201).send({failures: failures.list()})
  })
  app.delete('/__mocks/failures', async (_, reply) => {
    failures.clear()
    return reply.code(204).send()
  })
}

/** A script as it was sent, or what is wrong with it in one line. */
export function readScript(value: unknown): z.infer<typeof script> | {error: string} {
  const {success, data, error} = script.safeParse(value)
  if (success) return data
  const [{path, message}] = error.issues as [z.core.$ZodIssue]
  return {error: path.length > 0 ? `${path.join('.')}: ${message}` : message}
}
