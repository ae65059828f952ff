/** The result of a payment, with an error code of https://developers.cloudpayments.ru/. */
export interface Reason {
  code: number
  reason: string
  /** The message to the payer, in Russian like that of the API without CultureName. */
  message: string
}

/** The result of a successful payment. */
export const APPROVED: Reason = {code: 0, reason: 'Approved', message: 'Оплата успешно проведена'}
/** The result of a payment that the shop refused in response to `check`. */
export const UNABLE_TO_PROCESS: Reason = {
  code: 5204,
  reason: 'UnableToProcess',
  message: 'Свяжитесь с вашим банком или воспользуйтесь другой картой',
}

/** The reasons of declines by name. */
export const DECLINES: Readonly<Record<string, Reason>> = {
  InsufficientFunds: {code: 5051, reason: 'InsufficientFunds', message: 'Недостаточно средств на карте'},
  DoNotHonor: {
    code: 5005,
    reason: 'DoNotHonor',
    message: 'Свяжитесь с вашим банком или воспользуйтесь другой картой',
  },
  ExpiredCard: {
    code: 5054,
    reason: 'ExpiredCard',
    message: 'Проверьте правильность введенных данных карты или воспользуйтесь другой картой',
  },
  IncorrectCVV: {code: 5082, reason: 'IncorrectCVV', message: 'Неверно указан код CVV'},
  SuspectedFraud: {
    code: 5034,
    reason: 'SuspectedFraud',
    message: 'Свяжитесь с вашим банком или воспользуйтесь другой картой',
  },
  AuthenticationFailed: {
    code: 5206,
    reason: 'AuthenticationFailed',
    message: 'Свяжитесь с вашим банком или воспользуйтесь другой картой',
  },
}

/** Returns the reason with this name. Insufficient funds is the default, also for an unknown name. */
export function declineReason(name = 'InsufficientFunds'): Reason {
  return (Object.hasOwn(DECLINES, name) ? DECLINES[name] : DECLINES.InsufficientFunds)!
}
