// The stubs that process a payment, and the mocks, connected as an engine connects them.
import {freePort} from './free-port.js'
import {CLOUDPAYMENTS, Mocks, BOT_TOKEN, YOOKASSA} from './mocks.js'
import {Stub} from './stubs.js'

/** The variables of a database that does not run. */
const NO_DATABASE = databaseVariables({port: 9, password: 'unused'})

/** Returns the environment variables of a service for this database server. */
export function databaseVariables(server: {port: number; password: string}): Record<string, string> {
  const {port, password} = server
  return {
    SPRING_DATASOURCE_URL: `jdbc:postgresql://127.0.0.1:${port}/aquastream`,
    SPRING_DATASOURCE_USERNAME: 'aquastream',
    SPRING_DATASOURCE_PASSWORD: password,
  }
}

/** Returns the environment variables of the payment service for providers at this URL. */
export function paymentVariables(mocksUrl: string, database = NO_DATABASE): Record<string, string> {
  return {
    ...database,
    YOOKASSA_API_URL: `${mocksUrl}/v3`,
    YOOKASSA_SHOP_ID: YOOKASSA.shopId,
    YOOKASSA_SECRET_KEY: YOOKASSA.secretKey,
    CLOUDPAYMENTS_API_URL: `${mocksUrl}/cloudpayments`,
    CLOUDPAYMENTS_PUBLIC_ID: CLOUDPAYMENTS.publicId,
    CLOUDPAYMENTS_API_SECRET: CLOUDPAYMENTS.apiSecret,
    GATEWAY_PUBLIC_URL: 'http://127.0.0.1:8080',
  }
}

/** The gateway, the services of a payment, and the mocks, as processes. */
export class StubPlatform implements AsyncDisposable {
  private constructor(
    readonly gateway: Stub,
    readonly mocks: Mocks,
    readonly payment: Stub,
    private notification: Stub,
    private readonly user: Stub,
    private readonly openNotification: () => Promise<Stub>,
  ) {}

  static async open(database: Record<string, string>): Promise<StubPlatform> {
    const port = await freePort()
    const mocks = await Mocks.open(`http://127.0.0.1:${port}/api/v1/webhooks`)
    const telegram = {TELEGRAM_API_URL: mocks.url, TELEGRAM_BOT_TOKEN: BOT_TOKEN}
    const openNotification = (): Promise<Stub> => Stub.open('notification', {...database, ...telegram})
    const [user, payment, notification] = await Promise.all([
      Stub.open('user'),
      Stub.open('payment', paymentVariables(mocks.url, database)),
      openNotification(),
    ])
    const services = {
      USER_SERVICE_URL: user.url,
      PAYMENT_SERVICE_URL: payment.url,
      NOTIFICATION_SERVICE_URL: notification.url,
    }
    const gateway = await Stub.open('gateway', services, port)
    return new StubPlatform(gateway, mocks, payment, notification, user, openNotification)
  }

  /** Runs an action while the notification stub is stopped. */
  async withoutNotification(action: () => Promise<void>): Promise<void> {
    await this.notification[Symbol.asyncDispose]()
    await action()
    this.notification = await this.openNotification()
  }

  /** Returns the number of messages that the bot has sent about a payment. */
  async countMessages(paymentId: string): Promise<number> {
    const {text} = await this.mocks.request('/')
    return text.split(`Платёж ${paymentId}`).length - 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.gateway, this.payment, this.notification, this.user, this.mocks]
    await Promise.all(all.map(part => part[Symbol.asyncDispose]()))
  }
}
