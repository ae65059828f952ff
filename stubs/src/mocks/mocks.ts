import type {FastifyInstance} from 'fastify'
import type {Environment} from '../variables.js'
import {ChangeEvents} from './change-events.js'
import {CloudPayments} from './cloudpayments/cloudpayments.js'
import {addCloudPayments} from './cloudpayments/routes.js'
import {Failures} from './failures/failures.js'
import {addPage} from './page/routes.js'
import {readMockSettings} from './settings.js'
import {Bot} from './telegram/bot.js'
import {addTelegram} from './telegram/routes.js'
import {Webhooks} from './webhooks/webhooks.js'
import {addYooKassa} from './yookassa/routes.js'
import {YooKassa} from './yookassa/yookassa.js'

/**
 * Adds the mocks of Telegram, YooKassa and CloudPayments, and their page. The mocks implement the operations that the
 * platform uses, and keep their state in memory.
 *
 * @throws InvalidEnvironment if a variable is missing or malformed
 */
export async function addMocks(app: FastifyInstance, env: Environment): Promise<void> {
  const settings = readMockSettings(env)
  const events = new ChangeEvents()
  const failures = new Failures(events)
  const webhooks = new Webhooks(app.log, events, failures)
  const context = {settings, events, failures, webhooks}
  const bot = new Bot(context)
  const yookassa = new YooKassa(context)
  const cloudpayments = new CloudPayments(context)
  const checkouts = [yookassa, cloudpayments]

  await app.register(async scope => addTelegram(scope, bot, settings.telegram.token))
  await app.register(async scope => addYooKassa(scope, yookassa, context), {prefix: '/v3'})
  await app.register(async scope => addCloudPayments(scope, cloudpayments, context), {
    prefix: '/cloudpayments',
  })
  await app.register(async scope => addPage(scope, {...context, bot, checkouts}))
}
