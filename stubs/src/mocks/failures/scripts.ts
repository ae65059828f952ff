/** The failures that every API operation supports. */
const REQUEST = ['error', 'timeout', 'rate-limit'] as const

/** The failures that can be scripted, by provider and operation. */
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

/** The kinds of failures. */
export type Failure = 'error' | 'timeout' | 'rate-limit' | 'decline' | 'duplicate'

/** The descriptions of the failures on the page and in docs/mocks.md. */
export const FAILURES: Record<Failure, string> = {
  error: 'responds with 500 and does not perform the operation',
  timeout: 'performs the operation and never responds',
  'rate-limit': 'responds with 429 and does not perform the operation',
  decline: 'declines the payment or the message',
  duplicate: 'sends the webhook twice',
}

/** A third party that the mocks replace. */
export type MockProvider = keyof typeof SCRIPTS

/** A scripted failure: the next `times` calls of the operation fail in this way. */
export interface Script {
  provider: MockProvider
  operation: string
  failure: Failure
  times: number
}

/** Returns whether the provider has this operation and the operation supports this failure. */
export function canFail({provider, operation, failure}: Omit<Script, 'times'>): boolean {
  const operations: Record<string, readonly Failure[]> = SCRIPTS[provider]
  return Object.hasOwn(operations, operation) && operations[operation]!.includes(failure)
}
