import {httpUrl, publicUrl, required, type Environment} from '../../variables.js'
import type {Account} from './ask.js'

export interface PaymentSettings {
  yookassa: Account
  cloudpayments: Account
  /** Where a payer comes back to when the client names no page: one that there is in every dev stack. */
  returnUrl: string
}

/** The accounts at the providers of payments. Only secrets have to be there: Compose by itself gives no names. */
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
