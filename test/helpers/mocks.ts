// The mocks as a process of the built stub server, and a shop that receives what they send.
import {createServer, type IncomingHttpHeaders} from 'node:http'
import type {AddressInfo} from 'node:net'
import {vi} from 'vitest'
import {Stub, type Answer, type Ask} from './stubs.js'

const UNTIL = {timeout: 10_000, interval: 20}

export const TOKEN = '123456:the-secret-of-the-bot'
export const YOOKASSA = {shopId: '100500', secretKey: 'test_secret_of_the_shop'}
export const CLOUDPAYMENTS = {publicId: 'pk_test', apiSecret: 'secret_of_the_merchant'}

/** A request that the shop got. */
export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** What the shop answers. */
export interface Reply {
  status?: number
  body?: unknown
}

/** A server in the place of the gateway: remembers what it is sent, and answers as the test says. */
export class Shop implements AsyncDisposable {
  readonly received: Received[] = []
  /** Of a request, its answer; 200 and {"code": 0} when it says nothing. */
  answer: (request: Received) => Reply | undefined = () => undefined

  private constructor(private readonly server: ReturnType<typeof createServer>) {
    server.on('request', async (request, response) => {
      const body = (await request.toArray()).join('')
      const received = {path: request.url!, headers: request.headers, body}
      this.received.push(received)
      const {status = 200, body: answer = {code: 0}} = this.answer(received) ?? {}
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(answer))
    })
  }

  static async open(): Promise<Shop> {
    const server = createServer()
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    return new Shop(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Waits until so many requests to this path are there, with this in their body. */
  async got(path: string, count = 1, about = ''): Promise<Received[]> {
    return vi.waitFor(() => {
      const requests = this.received.filter(
        request => request.path.startsWith(path) && request.body.includes(about),
      )
      if (requests.length < count)
        throw new Error(`${requests.length} of ${count} requests to ${path} ${about}`)
      return requests
    }, UNTIL)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise(closed => this.server.close(closed))
  }
}

/** The mocks, whose webhooks go to the shop. */
export class Mocks implements AsyncDisposable {
  private constructor(private readonly stub: Stub) {}

  static async open(webhookUrl: string, more: Record<string, string> = {}): Promise<Mocks> {
    const variables = (url: string) => ({
      PUBLIC_URL: url,
      WEBHOOK_URL: webhookUrl,
      TELEGRAM_BOT_TOKEN: TOKEN,
      TELEGRAM_BOT_USERNAME: 'aquastream_bot',
      YOOKASSA_SHOP_ID: YOOKASSA.shopId,
      YOOKASSA_SECRET_KEY: YOOKASSA.secretKey,
      CLOUDPAYMENTS_PUBLIC_ID: CLOUDPAYMENTS.publicId,
      CLOUDPAYMENTS_API_SECRET: CLOUDPAYMENTS.apiSecret,
      ...more,
    })
    return new Mocks(await Stub.open('mocks', variables))
  }

  get url(): string {
    return this.stub.url
  }

  ask(path: string, ask?: Ask): Promise<Answer> {
    return this.stub.ask(path, ask)
  }

  /** A call of the Bot API, its arguments as JSON. */
  bot(method: string, args: object = {}): Promise<Answer> {
    return this.ask(`/bot${TOKEN}/${method}`, {body: args})
  }

  /** A request of the shop to YooKassa, under a new idempotence key unless one is given. */
  yookassa(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    key: string = crypto.randomUUID(),
    signal?: AbortSignal,
  ): Promise<Answer> {
    const headers = {...basic(YOOKASSA.shopId, YOOKASSA.secretKey), 'Idempotence-Key': key}
    return this.ask(`/v3${path}`, {method, headers, body, ...(signal && {signal})})
  }

  /** A request of the shop to CloudPayments. */
  cloudpayments(path: string, body: object): Promise<Answer> {
    const headers = basic(CLOUDPAYMENTS.publicId, CLOUDPAYMENTS.apiSecret)
    return this.ask(`/cloudpayments${path}`, {headers, body})
  }

  /** A form, sent by somebody who is not in a browser. */
  press(path: string, fields: Record<string, string> = {}): Promise<Answer> {
    const headers = {'content-type': 'application/x-www-form-urlencoded'}
    return this.ask(path, {method: 'POST', headers, body: new URLSearchParams(fields).toString()})
  }

  script(provider: string, operation: string, failure: string, times = 1): Promise<Answer> {
    return this.ask('/__mocks/failures', {body: {provider, operation, failure, times}})
  }

  /** Waits until this does not throw any more. */
  until(check: () => Promise<void>): Promise<void> {
    return vi.waitFor(check, UNTIL)
  }

  /** Ends the mocks; everything that they have logged. */
  async logs(): Promise<string> {
    return JSON.stringify(await this.stub.logs())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stub[Symbol.asyncDispose]()
  }
}

function basic(name: string, password: string): {authorization: string} {
  return {authorization: `Basic ${btoa(`${name}:${password}`)}`}
}
