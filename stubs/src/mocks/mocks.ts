// Telegram, YooKassa and CloudPayments, as far as the platform uses them, and the page that shows them.
import type {FastifyInstance} from 'fastify'
import type {Environment} from '../variables.js'
import {CloudPayments} from './cloudpayments/cloudpayments.js'
import {addCloudPayments} from './cloudpayments/routes.js'
import {Failures} from './failures/failures.js'
import {News} from './news.js'
import {addPage} from './page/routes.js'
import {readMockSettings} from './settings.js'
import {Bot} from './telegram/bot.js'
import {addTelegram} from './telegram/routes.js'
import {Webhooks} from './webhooks/webhooks.js'
import {addYooKassa} from './yookassa/routes.js'
import {YooKassa} from './yookassa/yookassa.js'

/** Adds the mocks of all third parties. What they know, they know in memory. */
export async function addMocks(app: FastifyInstance, env: Environment): Promise<void> {
  const settings = readMockSettings(env)
  const news = new News()
  const failures = new Failures(news)
  const webhooks = new Webhooks(app.log, news, failures)
  const bot = new Bot(settings.telegram, webhooks, failures, news)
  const yookassa = new YooKassa(settings, webhooks, failures, news)
  const cloudpayments = new CloudPayments(settings, webhooks, failures, news)
  const checkouts = [yookassa, cloudpayments]

  await app.register(async scope => addTelegram(scope, bot, settings.telegram.token))
  await app.register(async scope => addYooKassa(scope, yookassa, settings.yookassa, failures), {
    prefix: '/v3',
  })
  await app.register(async scope => addCloudPayments(scope, cloudpayments, settings, failures), {
    prefix: '/cloudpayments',
  })
  await app.register(async scope => addPage(scope, {settings, news, failures, webhooks, bot, checkouts}))
}
