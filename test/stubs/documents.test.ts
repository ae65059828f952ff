// The OpenAPI documents, and that the stubs keep them: each operation is called as its example says, and wrongly.
import {Validator} from '@seriousme/openapi-schema-validator'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {SERVICES as CATALOGUE} from '../../src/stack/catalogue.js'
import {documentOf, operationsOf, SERVICES, type DocumentedOperation} from '../helpers/documents.js'
import {Mocks} from '../helpers/mocks.js'
import {paymentVariables} from '../helpers/stub-platform.js'
import {Stub} from '../helpers/stubs.js'

/** What the platform has promised its clients. */
const ENDPOINTS = `
  POST /auth/register, POST /auth/login, POST /auth/refresh, POST /auth/recovery/init,
  GET /profile/me, PUT /profile, POST /profile/telegram/link,
  GET /organizers, GET /organizers/{slug}, GET /events/{eventId},
  POST /bookings, GET /bookings, PUT /bookings/{id}/confirm, PUT /bookings/{id}/cancel,
  GET /organizers/{id}/bookings, PUT /bookings/{id}/status, POST /organizers/{id}/events,
  POST /payments/init, POST /payments/{id}/proof, PUT /payments/{id}/review, POST /webhooks/{provider},
  GET /events/{id}/crews, POST /crews/{id}/assignments, PUT /events/{id}/preferences`
  .split(',')
  .map(endpoint => endpoint.trim().replace(' ', ' /api/v1'))

const OPERATIONS = (await Promise.all(SERVICES.map(operationsOf))).flat()

test('each service with a schema has a document', () => {
  const withSchema = CATALOGUE.filter(({schema}) => schema).map(({name}) => name)
  expect(SERVICES).toEqual(withSchema.sort())
})

test('the documents have all promised endpoints, no others', () => {
  expect(OPERATIONS.map(({name}) => name).sort()).toEqual(ENDPOINTS.sort())
})

test.each(SERVICES)('the document of %s is valid OpenAPI', async service => {
  const {valid, errors} = await new Validator().validate({...documentOf(service)})
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
})

describe.each(SERVICES.filter(name => OPERATIONS.some(({service}) => service === name)))('%s', service => {
  const operations = OPERATIONS.filter(operation => operation.service === service)
  let stub: Stub
  let mocks: Mocks
  let token: string
  let refreshToken: string
  beforeAll(async () => {
    await using user = await Stub.open('user')
    const {json} = await user.ask('/api/v1/auth/login', {body: {username: 'test', password: 'test'}})
    token = json.accessToken
    refreshToken = json.refreshToken
    mocks = await Mocks.open('http://127.0.0.1:9')
    stub = await Stub.open(service, service === 'payment' ? paymentVariables(mocks.url) : {})
  })
  afterAll(async () => {
    await stub[Symbol.asyncDispose]()
    await mocks[Symbol.asyncDispose]()
  })

  test.each(operations)('$name answers its example as documented', async operation => {
    const {method, path} = operation
    const {status, json} = await stub.ask(path, {method, token, ...bodyOf(operation, refreshToken)})
    expect(status, JSON.stringify(json)).toBeLessThan(300)
    expect(operation.operation.responses).toHaveProperty(String(status))
    expect(operation.errorsOf(status, json)).toBeNull()
  })

  test.each(operations.filter(({body}) => body))('$name names each field that is wrong', async operation => {
    const {method, path, body} = operation
    for (const field of Object.keys(body!)) {
      const wrong = {...body, [field]: {wrong: true}}
      const answer = await stub.ask(path, {method, token, body: wrong})
      expect(answer.status, answer.text).toBe(400)
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(answer.json.correlationId).toBe(answer.headers.get('x-correlation-id'))
      const errors = answer.json.errors as {field: string}[]
      expect(errors.map(error => error.field.split(/[.[]/)[0])).toContain(field)
    }
  })

  test.each(operations.filter(({guarded}) => guarded))(
    '$name refuses who has no token',
    async ({path, method}) => {
      const answer = await stub.ask(path, {method})
      expect(answer).toMatchObject({status: 401, json: {title: 'Unauthorized', status: 401}})
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(answer.json.correlationId).toBe(answer.headers.get('x-correlation-id'))
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="aquastream"')
    },
  )
})

/** The example, with a real token where the document can only show how one looks. */
function bodyOf({body}: DocumentedOperation, refreshToken: string): {body?: unknown} {
  if (!body) return {}
  return {body: 'refreshToken' in body ? {refreshToken} : body}
}
