// The mocks as a process of the built stub server, and a server that receives their webhooks.
import {createServer, type IncomingHttpHeaders} from 'node:http'
import type {AddressInfo} from 'node:net'
import {vi} from 'vitest'
import {Stub, type HttpResponse, type RequestOptions} from './stubs.js'

const UNTIL = {timeout: 60_000, interval: 20}

export const BOT_TOKEN = '123456:the-secret-of-the-bot'
export const YOOKASSA = {shopId: '100500', secretKey: 'test_secret_of_the_shop'}
export const CLOUDPAYMENTS = {publicId: 'pk_test', apiSecret: 'secret_of_the_merchant'}

/** A request that the webhook receiver has recorded. */
export interface ReceivedRequest {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A response to a webhook. The default status is 200, the default body `{"code": 0}`. */
export interface Reply {
  status?: number
  body?: unknown
}

/** A server that records webhooks. It takes the place of the shop or of the bot. */
export class WebhookReceiver implements AsyncDisposable {
  readonly received: ReceivedRequest[] = []
  /** Determines the response to a request. */
  respond: (request: ReceivedRequest) => Reply | undefined = () => undefined

  private constructor(private readonly server: ReturnType<typeof createServer>) {
    server.on('request', async (request, response) => {
      const body = (await request.toArray()).join('')
      const received = {path: request.url!, headers: request.headers, body}
      this.received.push(received)
      const {status = 200, body: content = {code: 0}} = this.respond(received) ?? {}
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(content))
    })
  }

  static async open(): Promise<WebhookReceiver> {
    const server = createServer()
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    return new WebhookReceiver(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Waits for this number of requests whose path starts with `path` and whose body contains `text`. */
  async waitForRequests(path: string, count = 1, text = ''): Promise<ReceivedRequest[]> {
    return vi.waitFor(() => {
      const requests = this.received.filter(
        request => request.path.startsWith(path) && request.body.includes(text),
      )
      if (requests.length < count)
        throw new Error(`received ${requests.length} of ${count} requests to ${path} with ${text}`)
      return requests
    }, UNTIL)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise(closed => this.server.close(closed))
  }
}

/** A process of the mocks. */
export class Mocks implements AsyncDisposable {
  private constructor(private readonly stub: Stub) {}

  /** Starts the mocks, which send webhooks to this URL. */
  static async open(webhookUrl: string, more: Record<string, string> = {}): Promise<Mocks> {
    const variables = (url: string) => ({
      PUBLIC_URL: url,
      WEBHOOK_URL: webhookUrl,
      TELEGRAM_BOT_TOKEN: BOT_TOKEN,
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

  request(path: string, options?: RequestOptions): Promise<HttpResponse> {
    return this.stub.request(path, options)
  }

  /** Calls a method of the Telegram Bot API with JSON arguments. */
  telegram(method: string, args: object = {}): Promise<HttpResponse> {
    return this.request(`/bot${BOT_TOKEN}/${method}`, {body: args})
  }

  /** Calls the API of YooKassa as the shop, by default with a new idempotence key. */
  yookassa(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    key: string = crypto.randomUUID(),
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    const headers = {...basicAuth(YOOKASSA.shopId, YOOKASSA.secretKey), 'Idempotence-Key': key}
    return this.request(`/v3${path}`, {method, headers, body, ...(signal && {signal})})
  }

  /** Calls the API of CloudPayments as the shop. */
  cloudpayments(path: string, body: object): Promise<HttpResponse> {
    const headers = basicAuth(CLOUDPAYMENTS.publicId, CLOUDPAYMENTS.apiSecret)
    return this.request(`/cloudpayments${path}`, {headers, body})
  }

  /** Submits a form of the page, without the headers that only browsers send. */
  submitForm(path: string, fields: Record<string, string> = {}): Promise<HttpResponse> {
    const headers = {'content-type': 'application/x-www-form-urlencoded'}
    return this.request(path, {method: 'POST', headers, body: new URLSearchParams(fields).toString()})
  }

  scriptFailure(provider: string, operation: string, failure: string, times = 1): Promise<HttpResponse> {
    return this.request('/__mocks/failures', {body: {provider, operation, failure, times}})
  }

  /** Repeats the check until it succeeds. */
  waitUntil(check: () => Promise<void>): Promise<void> {
    return vi.waitFor(check, UNTIL)
  }

  /** Stops the mocks and returns their log as text. */
  async stopAndReadLog(): Promise<string> {
    return JSON.stringify(await this.stub.stopAndReadLog())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stub[Symbol.asyncDispose]()
  }
}

function basicAuth(user: string, password: string): {authorization: string} {
  return {authorization: `Basic ${btoa(`${user}:${password}`)}`}
}
