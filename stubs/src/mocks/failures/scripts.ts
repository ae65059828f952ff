// What can be made to fail, and how.

/** Answered without being done, or done without an answer. */
const REQUEST = ['error', 'timeout', 'rate-limit'] as const

export const SCRIPTS = {
  telegram: {
    getMe: REQUEST,
    getUpdates: REQUEST,
    setWebhook: REQUEST,
    deleteWebhook: REQUEST,
    getWebhookInfo: REQUEST,
    sendMessage: [...REQUEST, 'decline'],
    webhook: ['duplicate'],
  },
  yookassa: {
    'create-payment': REQUEST,
    'get-payment': REQUEST,
    'list-payments': REQUEST,
    capture: REQUEST,
    cancel: REQUEST,
    'create-refund': REQUEST,
    'get-refund': REQUEST,
    pay: ['decline'],
    webhook: ['duplicate'],
  },
  cloudpayments: {
    charge: [...REQUEST, 'decline'],
    auth: [...REQUEST, 'decline'],
    confirm: REQUEST,
    void: REQUEST,
    refund: REQUEST,
    get: REQUEST,
    find: REQUEST,
    'create-order': REQUEST,
    pay: ['decline'],
    webhook: ['duplicate'],
  },
} as const satisfies Record<string, Record<string, readonly Failure[]>>

export type Failure = 'error' | 'timeout' | 'rate-limit' | 'decline' | 'duplicate'

/** What each failure is, for people. */
export const FAILURES: Record<Failure, string> = {
  error: 'answers 500, nothing done',
  timeout: 'done, but the answer never comes',
  'rate-limit': 'answers 429, nothing done',
  decline: 'declined',
  duplicate: 'sent twice',
}

export type Provider = keyof typeof SCRIPTS

/** The next so many times that the provider does this, it fails so. */
export interface Script {
  provider: Provider
  operation: string
  failure: Failure
  times: number
}

/** Whether the provider does this, and it can fail so. */
export function canFail({provider, operation, failure}: Omit<Script, 'times'>): boolean {
  const operations: Record<string, readonly Failure[]> = SCRIPTS[provider]
  return Object.hasOwn(operations, operation) && operations[operation]!.includes(failure)
}
