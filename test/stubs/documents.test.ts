// Compares the OpenAPI documents with the stubs: every operation is called with its example and with invalid fields.
import {Validator} from '@seriousme/openapi-schema-validator'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {SERVICES as CATALOGUE} from '../../src/stack/catalogue.js'
import {documentOf, operationsOf, SERVICES, type DocumentedOperation} from '../helpers/documents.js'
import {Mocks} from '../helpers/mocks.js'
import {paymentVariables} from '../helpers/stub-platform.js'
import {Stub} from '../helpers/stubs.js'

/** The endpoints in the specification of the platform. */
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

test('each service with a database schema has an OpenAPI document', () => {
  const withSchema = CATALOGUE.filter(({schema}) => schema).map(({name}) => name)
  expect(SERVICES).toEqual(withSchema.sort())
})

test('the documents describe exactly the endpoints of the specification', () => {
  expect(OPERATIONS.map(({name}) => name).sort()).toEqual(ENDPOINTS.sort())
})

test.each(SERVICES)('the document of %s is a valid OpenAPI document', async service => {
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
    const {json} = await user.request('/api/v1/auth/login', {body: {username: 'test', password: 'test'}})
    token = json.accessToken
    refreshToken = json.refreshToken
    mocks = await Mocks.open('http://127.0.0.1:9')
    stub = await Stub.open(service, service === 'payment' ? paymentVariables(mocks.url) : {})
  })
  afterAll(async () => {
    await stub[Symbol.asyncDispose]()
    await mocks[Symbol.asyncDispose]()
  })

  test.each(operations)('$name responds to its example as documented', async operation => {
    const {method, path} = operation
    const {status, json} = await stub.request(path, {method, token, ...bodyOf(operation, refreshToken)})
    expect(status, JSON.stringify(json)).toBeLessThan(300)
    expect(operation.operation.responses).toHaveProperty(String(status))
    expect(operation.errorsOf(status, json)).toBeNull()
  })

  test.each(operations.filter(({body}) => body))(
    '$name reports each invalid field by its name',
    async operation => {
      const {method, path, body} = operation
      for (const field of Object.keys(body!)) {
        const invalid = {...body, [field]: {invalid: true}}
        const response = await stub.request(path, {method, token, body: invalid})
        expect(response.status, response.text).toBe(400)
        expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
        expect(response.json.correlationId).toBe(response.headers.get('x-correlation-id'))
        const errors = response.json.errors as {field: string}[]
        expect(errors.map(error => error.field.split(/[.[]/)[0])).toContain(field)
      }
    },
  )

  test.each(operations.filter(({guarded}) => guarded))(
    '$name responds with 401 to a request without token',
    async ({path, method}) => {
      const response = await stub.request(path, {method})
      expect(response).toMatchObject({status: 401, json: {title: 'Unauthorized', status: 401}})
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
      expect(response.json.correlationId).toBe(response.headers.get('x-correlation-id'))
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="aquastream"')
    },
  )
})

/** Returns the example, with a real refresh token instead of the one in the document. */
function bodyOf({body}: DocumentedOperation, refreshToken: string): {body?: unknown} {
  if (!body) return {}
  return {body: 'refreshToken' in body ? {refreshToken} : body}
}
