// The environment contract of the mocks: where they are reached, where webhooks go, and the credentials to expect.
import {httpUrl, publicUrl, required, type Environment} from '../variables.js'

export interface MockSettings {
  /** What a person's browser opens; links to the payer's page begin with it. No slash at the end. */
  publicUrl: string
  /** Where webhooks of YooKassa and CloudPayments go: the provider's name is added. No slash at the end. */
  webhookUrl: string
  telegram: {token: string; username: string}
  yookassa: {shopId: string; secretKey: string}
  cloudpayments: {publicId: string; apiSecret: string}
}

/** Only secrets have to be there: Compose by itself gives no names, neither here nor to who calls. */
export function readMockSettings(env: Environment): MockSettings {
  return {
    publicUrl: publicUrl('PUBLIC_URL', required(env, 'PUBLIC_URL')),
    webhookUrl: httpUrl('WEBHOOK_URL', required(env, 'WEBHOOK_URL')),
    telegram: {
      token: required(env, 'TELEGRAM_BOT_TOKEN'),
      username: env.TELEGRAM_BOT_USERNAME || 'aquastream_bot',
    },
    yookassa: {
      shopId: env.YOOKASSA_SHOP_ID ?? '',
      secretKey: required(env, 'YOOKASSA_SECRET_KEY'),
    },
    cloudpayments: {
      publicId: env.CLOUDPAYMENTS_PUBLIC_ID ?? '',
      apiSecret: required(env, 'CLOUDPAYMENTS_API_SECRET'),
    },
  }
}
