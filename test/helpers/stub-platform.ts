// The stubs that take part in a payment, and the mocks, wired as an engine wires them.
import {freePort} from './free-port.js'
import {CLOUDPAYMENTS, Mocks, TOKEN, YOOKASSA} from './mocks.js'
import {Stub} from './stubs.js'

/** The variables of a database that nobody runs. */
const NO_DATABASE = databaseVariables({port: 9, password: 'nobody-asks'})

export function databaseVariables(server: {port: number; password: string}): Record<string, string> {
  const {port, password} = server
  return {
    SPRING_DATASOURCE_URL: `jdbc:postgresql://127.0.0.1:${port}/aquastream`,
    SPRING_DATASOURCE_USERNAME: 'aquastream',
    SPRING_DATASOURCE_PASSWORD: password,
  }
}

/** What the payment service is told, with providers at this address. */
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
    const telegram = {TELEGRAM_API_URL: mocks.url, TELEGRAM_BOT_TOKEN: TOKEN}
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

  /** Does something while the stub of notification is away. */
  async withoutNotification(act: () => Promise<void>): Promise<void> {
    await this.notification[Symbol.asyncDispose]()
    await act()
    this.notification = await this.openNotification()
  }

  /** How often the bot has written about a payment. */
  async messagesAbout(paymentId: string): Promise<number> {
    const {text} = await this.mocks.ask('/')
    return text.split(`Платёж ${paymentId}`).length - 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.gateway, this.payment, this.notification, this.user, this.mocks]
    await Promise.all(all.map(part => part[Symbol.asyncDispose]()))
  }
}
