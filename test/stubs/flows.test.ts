// The state that the stubs keep: accounts, bookings, events and crews.
import {afterAll, beforeAll, expect, test} from 'vitest'
import {Stub} from '../helpers/stubs.js'

const EVENT = '7d9a4f3e-52b1-4c36-9a0e-1c2d3e4f5a02'
const ORGANIZER = '0f6c1c1e-6a55-4c0f-8d7a-91a3b5a0c201'
const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const ANNA = {username: 'anna', password: 'long-enough', displayName: 'Анна'}

let user: Stub
let event: Stub
let crew: Stub
let testToken: string
let annaToken: string
beforeAll(async () => {
  ;[user, event, crew] = await Promise.all([Stub.open('user'), Stub.open('event'), Stub.open('crew')])
  testToken = await user.login()
  annaToken = (await user.request('/api/v1/auth/register', {body: ANNA})).json.accessToken
})
afterAll(async () => {
  for (const stub of [user, event, crew]) await stub[Symbol.asyncDispose]()
})

function put(stub: Stub, path: string, token: string, body?: object) {
  return stub.request(path, {method: 'PUT', token, body})
}

async function book(token: string, places = 1): Promise<{status: number; id: string}> {
  const participants = Array.from({length: places}, (_, index) => ({name: `Гость ${index + 1}`}))
  const {status, json} = await event.request('/api/v1/bookings', {
    token,
    body: {eventId: EVENT, participants},
  })
  return {status, id: json.id}
}

async function places(): Promise<number> {
  return (await event.request(`/api/v1/events/${EVENT}`)).json.available
}

test('a registered user can log in and change the profile', async () => {
  const token = await user.login('anna', 'long-enough')
  const change = {displayName: 'Анна П.', city: 'Казань'}
  expect(await put(user, '/api/v1/profile', token, change)).toMatchObject({status: 200, json: change})
  const me = await user.request('/api/v1/profile/me', {token})
  expect(me.json).toMatchObject({username: 'anna', roles: ['USER'], locale: 'ru', ...change})
})

test('a username that is taken cannot be registered again', async () => {
  const response = await user.request('/api/v1/auth/register', {body: ANNA})
  expect(response).toMatchObject({status: 409, json: {detail: 'The username anna is already taken.'}})
})

test('a wrong password and an unknown username look the same', async () => {
  const attempts = [
    {username: 'anna', password: 'wrong'},
    {username: 'nobody', password: 'wrong'},
  ]
  for (const body of attempts) {
    const {status, json} = await user.request('/api/v1/auth/login', {body})
    expect({status, detail: json.detail}).toEqual({
      status: 401,
      detail: 'The username or the password is wrong.',
    })
  }
})

test('a booking takes places and a cancellation releases them', async () => {
  const before = await places()
  const {id} = await book(annaToken, 2)
  expect(await places()).toBe(before - 2)
  expect(await put(event, `/api/v1/bookings/${id}/confirm`, annaToken)).toMatchObject({
    json: {status: 'CONFIRMED'},
  })
  const mine = await event.request('/api/v1/bookings?status=CONFIRMED', {token: annaToken})
  expect(mine.json).toMatchObject({total: 1, items: [{id, status: 'CONFIRMED'}]})
  await put(event, `/api/v1/bookings/${id}/cancel`, annaToken)
  await put(event, `/api/v1/bookings/${id}/cancel`, annaToken)
  expect(await places()).toBe(before)
  expect(await put(event, `/api/v1/bookings/${id}/confirm`, annaToken)).toMatchObject({
    status: 409,
    json: {detail: 'The booking is CANCELLED and cannot become CONFIRMED.'},
  })
})

test('more places than the event has left cannot be booked', async () => {
  expect(await book(annaToken, (await places()) + 1)).toMatchObject({status: 409})
})

test('a booking of another user is reported as missing', async () => {
  const {id} = await book(annaToken)
  expect(await put(event, `/api/v1/bookings/${id}/cancel`, testToken)).toMatchObject({status: 404})
  const theirs = await event.request('/api/v1/bookings', {token: testToken})
  expect(theirs.text).not.toContain(id)
})

test('an organizer sees all bookings and can reject them', async () => {
  const {id} = await book(annaToken)
  const listed = await event.request(`/api/v1/organizers/${ORGANIZER}/bookings?size=1`, {token: testToken})
  expect(listed.json).toMatchObject({size: 1, items: [{id}]})
  const decision = {status: 'REJECTED', reason: 'Мест нет'}
  expect(await put(event, `/api/v1/bookings/${id}/status`, testToken, decision)).toMatchObject({
    json: decision,
  })
})

test('a published event can be found by id and organizer', async () => {
  const request = {
    title: 'Night race',
    kind: 'REGATTA',
    place: {name: 'Свияжск'},
    startsAt: '2027-07-16T17:00:00Z',
    endsAt: '2027-07-17T03:00:00Z',
    price: {value: '100.00', currency: 'RUB'},
    capacity: 8,
  }
  const path = `/api/v1/organizers/${ORGANIZER}/events`
  const created = await event.request(path, {token: testToken, body: request})
  expect(created).toMatchObject({status: 201, json: {...request, available: 8, status: 'PUBLISHED'}})
  expect((await event.request(created.headers.get('location')!)).json).toEqual(created.json)
  const {json} = await event.request('/api/v1/organizers/volga-sailing')
  expect(json.events).toContainEqual(created.json)
})

test('a crew accepts as many members as it has seats', async () => {
  const path = '/api/v1/crews/e4b8d6a2-0c1f-4e7d-b5a3-6f7e8d9c0b02/assignments'
  const assign = (index: number) => {
    const userId = `5b0c4d52-8f0e-4a53-9c1e-00000000000${index}`
    return crew.request(path, {token: testToken, body: {userId, name: `Guest ${index}`, role: 'ROWER'}})
  }
  for (const index of [1, 2, 3, 4]) expect((await assign(index)).status).toBe(201)
  expect(await assign(5)).toMatchObject({status: 409, json: {detail: 'The crew of Northern Light is full.'}})
  const {json} = await crew.request(`/api/v1/events/${EVENT}/crews`, {token: testToken})
  expect(json[1].members).toHaveLength(5)
})

test.each([
  ['GET', `/api/v1/events/${UNKNOWN}`],
  ['GET', '/api/v1/organizers/nobody'],
  ['PUT', `/api/v1/bookings/${UNKNOWN}/confirm`],
])('%s %s reports that the object does not exist', async (method, path) => {
  const response = await event.request(path, {method, token: testToken})
  expect(response).toMatchObject({
    status: 404,
    json: {detail: expect.stringMatching(/^The .* does not exist\.$/)},
  })
})
