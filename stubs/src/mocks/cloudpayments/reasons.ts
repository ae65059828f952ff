/** Why a payment ends as it does: the codes of the provider's reference. */
export interface Reason {
  code: number
  reason: string
  /** What the payer is told, in Russian, as the API does without CultureName. */
  message: string
}

export const APPROVED: Reason = {code: 0, reason: 'Approved', message: 'Оплата успешно проведена'}
/** Of a payment that the shop refused when it was checked. */
export const UNABLE_TO_PROCESS: Reason = {
  code: 5204,
  reason: 'UnableToProcess',
  message: 'Свяжитесь с вашим банком или воспользуйтесь другой картой',
}

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

/** The decline of this name, or the usual one. */
export function decline(name = 'InsufficientFunds'): Reason {
  return (Object.hasOwn(DECLINES, name) ? DECLINES[name] : DECLINES.InsufficientFunds)!
}
