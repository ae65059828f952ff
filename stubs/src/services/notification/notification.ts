import type {FastifyInstance} from 'fastify'
import type {Database} from '../../environment.js'
import {causeOf} from '../../health/check.js'
import {TEST_USER} from '../../test-user.js'
import {httpUrl, required, type Environment} from '../../variables.js'
import {subscribe, type PaymentEvent} from '../payment-events.js'
import {sendMessage, type BotApi} from './telegram.js'

/** The linked Telegram chats by user id. */
const CHATS = new Map<string, number>([[TEST_USER.id, TEST_USER.chatId]])

/**
 * Sends a Telegram message for each payment that the payment stub reports.
 *
 * @throws InvalidEnvironment if a variable is missing or malformed
 */
export function addNotification(app: FastifyInstance, database: Database, env: Environment): void {
  const api = httpUrl('TELEGRAM_API_URL', required(env, 'TELEGRAM_API_URL'))
  const bot = {url: `${api}/bot${required(env, 'TELEGRAM_BOT_TOKEN')}`}
  const stop = new AbortController()
  const subscription = subscribe(database, {
    onPayment: event => void sendNotification(app, bot, event),
    log: app.log,
    signal: stop.signal,
  })
  app.addHook('onClose', async () => {
    stop.abort()
    await subscription
  })
}

async function sendNotification({log}: FastifyInstance, bot: BotApi, event: PaymentEvent): Promise<void> {
  const {paymentId, userId} = event
  const chatId = CHATS.get(userId)
  if (chatId === undefined) {
    log.info({paymentId}, `no message sent about the payment: the user ${userId} has no linked Telegram chat`)
    return
  }
  try {
    await sendMessage(bot, chatId, messageOf(event))
    log.info({paymentId, chatId}, 'message about the payment sent')
  } catch (error) {
    log.warn({paymentId, chatId}, `the message about the payment could not be sent: ${causeOf(error)}`)
  }
}

function messageOf({paymentId, amount, description}: PaymentEvent): string {
  const lines = [`Оплата получена: ${amount.value} ${amount.currency}`, description, `Платёж ${paymentId}`]
  return lines.filter(line => line !== undefined).join('\n')
}
