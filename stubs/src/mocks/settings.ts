import {httpUrl, publicUrl, required, type Environment} from '../variables.js'

/** The settings of the mocks. URLs have no trailing slash. */
export interface MockSettings {
  /** The URL of the mocks for the user's browser. The links of payments begin with it. */
  publicUrl: string
  /** The URL for webhooks of YooKassa and CloudPayments. The name of the provider is appended. */
  webhookUrl: string
  telegram: {token: string; username: string}
  yookassa: {shopId: string; secretKey: string}
  cloudpayments: {publicId: string; apiSecret: string}
}

/**
 * Reads and validates the variables of the mocks. Names may be empty, because the Compose file has no defaults for
 * them, neither here nor in the services that call the mocks.
 *
 * @throws InvalidEnvironment if a URL or a secret is missing or malformed
 */
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
