import type {FastifyInstance} from 'fastify'
import type {Database} from '../../environment.js'
import {causeOf} from '../../health/check.js'
import {TEST_USER} from '../../test-user.js'
import {httpUrl, required, type Environment} from '../../variables.js'
import {hear, type PaymentNews} from '../payment-news.js'
import {sendMessage, type Bot} from './telegram.js'

/** The Telegram chats that are linked to accounts. */
const CHATS = new Map<string, number>([[TEST_USER.id, TEST_USER.chatId]])

/** Sends a Telegram message for each payment that the stub of payment tells of. */
export function addNotification(app: FastifyInstance, database: Database, env: Environment): void {
  const api = httpUrl('TELEGRAM_API_URL', required(env, 'TELEGRAM_API_URL'))
  const bot = {url: `${api}/bot${required(env, 'TELEGRAM_BOT_TOKEN')}`}
  const stop = new AbortController()
  const heard = hear(database, {
    onNews: news => void notify(app, bot, news),
    log: app.log,
    signal: stop.signal,
  })
  app.addHook('onClose', async () => {
    stop.abort()
    await heard
  })
}

async function notify({log}: FastifyInstance, bot: Bot, news: PaymentNews): Promise<void> {
  const {paymentId, userId} = news
  const chatId = CHATS.get(userId)
  if (chatId === undefined) {
    log.info({paymentId}, `no message about a payment: the user ${userId} has no Telegram chat`)
    return
  }
  try {
    await sendMessage(bot, chatId, messageOf(news))
    log.info({paymentId, chatId}, 'message about a payment sent')
  } catch (error) {
    log.warn({paymentId, chatId}, `message about a payment not sent: ${causeOf(error)}`)
  }
}

function messageOf({paymentId, amount, description}: PaymentNews): string {
  const lines = [`Оплата получена: ${amount.value} ${amount.currency}`, description, `Платёж ${paymentId}`]
  return lines.filter(line => line !== undefined).join('\n')
}
