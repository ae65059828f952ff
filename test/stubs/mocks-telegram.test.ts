// The Telegram mock, with this test as the bot.
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest'
import {Mocks, WebhookReceiver, BOT_TOKEN} from '../helpers/mocks.js'

let bot: WebhookReceiver
let mocks: Mocks
beforeAll(async () => {
  bot = await WebhookReceiver.open()
  mocks = await Mocks.open(`${bot.url}/webhooks`)
})
afterAll(async () => {
  await mocks[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await mocks.telegram('deleteWebhook', {drop_pending_updates: true})
  bot.received.length = 0
  bot.respond = () => undefined
})

const write = (text: string, chat = '1001') => mocks.submitForm('/actions/messages', {chat, text})

test('getMe returns the bot that the token belongs to', async () => {
  expect(await mocks.telegram('getMe')).toMatchObject({
    status: 200,
    json: {ok: true, result: {id: 123456, is_bot: true, username: 'aquastream_bot'}},
  })
})

test.each([
  ['the query', () => mocks.request(`/bot${BOT_TOKEN}/SENDMESSAGE?chat_id=42&text=Hi%20there`)],
  ['a form', () => mocks.submitForm(`/bot${BOT_TOKEN}/sendMessage`, {chat_id: '42', text: 'Hi there'})],
  ['JSON', () => mocks.telegram('sendMessage', {chat_id: 42, text: 'Hi there'})],
])('sendMessage reads its arguments from %s', async (_, send) => {
  const {json} = await send()
  expect(json).toMatchObject({
    ok: true,
    result: {chat: {id: 42, type: 'private'}, from: {id: 123456, is_bot: true}, text: 'Hi there'},
  })
})

test.each([
  ['an empty text', {chat_id: 1}, 400, 'Bad Request: message text is empty'],
  ['a blank text', {chat_id: 1, text: ' \n'}, 400, 'Bad Request: text must be non-empty'],
  ['a long text', {chat_id: 1, text: 'x'.repeat(4097)}, 400, 'Bad Request: message is too long'],
  ['no chat', {text: 'x'}, 400, 'Bad Request: chat_id is empty'],
  ['an unknown group', {chat_id: -100123, text: 'x'}, 400, 'Bad Request: chat not found'],
  ['an unknown name', {chat_id: '@nobody', text: 'x'}, 400, 'Bad Request: chat not found'],
])('sendMessage rejects %s with the original error description', async (_, args, code, description) => {
  expect(await mocks.telegram('sendMessage', args)).toMatchObject({
    status: code,
    json: {ok: false, error_code: code, description},
  })
})

test.each([
  ['another token', '/bot123456:another/getMe', 401, 'Unauthorized'],
  ['no token', '/botnone/getMe', 401, 'Unauthorized: invalid token specified'],
])('a call with %s is rejected as unauthorized', async (_, path, code, description) => {
  expect(await mocks.request(path)).toMatchObject({
    status: code,
    json: {ok: false, error_code: code, description},
  })
})

test('unknown methods and malformed JSON get the original errors', async () => {
  expect((await mocks.telegram('sendPidgeon')).json).toEqual({
    ok: false,
    error_code: 404,
    description: 'Not Found: method not found',
  })
  expect((await mocks.request(`/bot${BOT_TOKEN}/getMe`, {body: '[1'})).json).toEqual({
    ok: false,
    error_code: 400,
    description: 'Bad Request: JSON object expected',
  })
})

test('getUpdates returns each message until it is confirmed', async () => {
  await write('/start paid-42')
  await write('second')
  const {json} = await mocks.telegram('getUpdates', {limit: 1})
  expect(json.result).toMatchObject([
    {
      message: {
        from: {id: 1001, is_bot: false},
        text: '/start paid-42',
        entities: [{type: 'bot_command', offset: 0, length: 6}],
      },
    },
  ])
  const offset = (json.result[0].update_id as number) + 1
  const {json: next} = await mocks.telegram('getUpdates', {offset})
  expect(next.result).toMatchObject([{update_id: offset, message: {text: 'second'}}])
  expect((await mocks.telegram('getUpdates', {offset: offset + 1})).json.result).toEqual([])
})

test('a waiting getUpdates returns as soon as a message arrives', async () => {
  const waiting = mocks.telegram('getUpdates', {timeout: 50})
  await Promise.all([mocks.telegram('getMe'), mocks.telegram('getMe')])
  await write('are you there?')
  expect((await waiting).json.result).toMatchObject([{message: {text: 'are you there?'}}])
})

test('a second getUpdates makes the first one fail', async () => {
  const first = mocks.telegram('getUpdates', {timeout: 50})
  let ended = false
  void first.finally(() => (ended = true))
  await mocks.waitUntil(async () => {
    await mocks.telegram('getUpdates')
    expect(ended).toBe(true)
  })
  expect(await first).toMatchObject({
    status: 409,
    json: {
      description:
        'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    },
  })
})

test('updates are sent to the webhook with the secret token', async () => {
  await write('written before')
  const url = `${bot.url}/telegram`
  expect((await mocks.telegram('setWebhook', {url, secret_token: 'abc-1_Z'})).json).toEqual({
    ok: true,
    result: true,
    description: 'Webhook was set',
  })
  await write('written after')
  const updates = await bot.waitForRequests('/telegram', 2)
  expect(updates.map(({body}) => JSON.parse(body).message.text)).toEqual(['written before', 'written after'])
  expect(updates[0]!.headers['x-telegram-bot-api-secret-token']).toBe('abc-1_Z')
  expect((await mocks.telegram('getUpdates')).json).toEqual({
    ok: false,
    error_code: 409,
    description:
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
  })
})

test('an update that the bot rejects is sent again', async () => {
  bot.respond = () => (bot.received.length < 2 ? {status: 503} : undefined)
  await mocks.telegram('setWebhook', {url: `${bot.url}/telegram`})
  await write('again')
  const [first, second] = await bot.waitForRequests('/telegram', 2)
  expect(second!.body).toBe(first!.body)
  expect((await mocks.telegram('getWebhookInfo')).json.result).toMatchObject({
    url: `${bot.url}/telegram`,
    last_error_message: 'Wrong response from the webhook: 503',
    max_connections: 40,
  })
})

test('an update that was not accepted survives deleteWebhook', async () => {
  bot.respond = () => ({status: 503})
  await mocks.telegram('setWebhook', {url: `${bot.url}/telegram`})
  await write('not lost')
  await bot.waitForRequests('/telegram')
  await mocks.telegram('deleteWebhook')
  expect((await mocks.telegram('getUpdates')).json.result).toMatchObject([{message: {text: 'not lost'}}])
})

test('a bot can call a method in its response', async () => {
  bot.respond = () => ({body: {method: 'sendMessage', chat_id: 3003, text: 'sent in the response'}})
  await mocks.telegram('setWebhook', {url: `${bot.url}/telegram`})
  await write('hello', '3003')
  await mocks.waitUntil(async () => expect((await mocks.request('/')).text).toContain('sent in the response'))
})

test.each([
  ['an invalid URL', {url: 'nowhere'}, 'Bad Request: invalid webhook URL specified'],
  [
    'an invalid secret token',
    {url: 'http://x/', secret_token: 'a b'},
    'Bad Request: secret token contains unallowed characters',
  ],
])('setWebhook rejects %s with the original description', async (_, args, description) => {
  expect((await mocks.telegram('setWebhook', args)).json).toEqual({ok: false, error_code: 400, description})
})
