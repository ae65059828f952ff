import {httpUrl, publicUrl, required, type Environment} from '../../variables.js'
import type {ProviderAccount} from './provider-api.js'

/** The settings of the payment service. */
export interface PaymentSettings {
  yookassa: ProviderAccount
  cloudpayments: ProviderAccount
  /** The page to which the payer returns if the client names none: the documentation page of the gateway. */
  returnUrl: string
}

/**
 * Reads the accounts at the payment providers. The user names may be empty, because the Compose file has no defaults
 * for them.
 *
 * @throws InvalidEnvironment if a URL or a secret is missing or malformed
 */
export function readPaymentSettings(env: Environment): PaymentSettings {
  return {
    yookassa: {
      name: 'YooKassa',
      url: httpUrl('YOOKASSA_API_URL', required(env, 'YOOKASSA_API_URL')),
      user: env.YOOKASSA_SHOP_ID ?? '',
      password: required(env, 'YOOKASSA_SECRET_KEY'),
    },
    cloudpayments: {
      name: 'CloudPayments',
      url: httpUrl('CLOUDPAYMENTS_API_URL', required(env, 'CLOUDPAYMENTS_API_URL')),
      user: env.CLOUDPAYMENTS_PUBLIC_ID ?? '',
      password: required(env, 'CLOUDPAYMENTS_API_SECRET'),
    },
    returnUrl: `${publicUrl('GATEWAY_PUBLIC_URL', required(env, 'GATEWAY_PUBLIC_URL'))}/docs/`,
  }
}
