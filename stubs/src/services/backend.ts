import type {FastifyInstance} from 'fastify'
import {exampleOf, readDocument, type ApiDocument} from '../api/document.js'
import {addApi, type Handlers} from '../api/serve.js'
import {tokensOf, type Tokens} from '../api/tokens.js'
import type {Settings} from '../environment.js'
import {InvalidEnvironment, required, type Environment} from '../variables.js'
import type {Payment} from './payment/payments.js'

/** What a service is made of. */
interface Site {
  app: FastifyInstance
  document: ApiDocument
  tokens: Tokens
  settings: Settings
  env: Environment
}

/** What a service does beside answering with examples. */
const BEHAVIOURS: Record<string, (site: Site) => Promise<Handlers>> = {
  user: async ({document, tokens}) => (await import('./user.js')).userHandlers(document, tokens),
  event: async ({document}) => (await import('./event.js')).eventHandlers(document),
  crew: async ({document}) => (await import('./crew.js')).crewHandlers(document),
  payment: addPayment,
}

/**
 * Plays a backend service by its document. One without a document, or with no path in it, has its health and nothing
 * else; notification hears of payments.
 */
export async function addBackend(
  app: FastifyInstance,
  service: string,
  {settings, env}: {settings: Settings; env: Environment},
): Promise<void> {
  if (service === 'notification') {
    const {addNotification} = await import('./notification/notification.js')
    addNotification(app, databaseOf(settings), env)
  }
  const document = await readDocument(service)
  if (!document || document.operations.length === 0) return
  const tokens = tokensOf(required(env, 'JWT_SECRET'))
  const handlers = await BEHAVIOURS[service]?.({app, document, tokens, settings, env})
  await addApi(app, document, {handlers: handlers ?? {}, tokens})
}

async function addPayment({app, document, settings, env}: Site): Promise<Handlers> {
  const [{paymentHandlers}, {Payments}, {readPaymentSettings}, {tellerAt}] = await Promise.all([
    import('./payment/handlers.js'),
    import('./payment/payments.js'),
    import('./payment/settings.js'),
    import('./payment-news.js'),
  ])
  const teller = tellerAt(databaseOf(settings), app.log)
  app.addHook('onClose', () => teller.close())
  const known = [exampleOf(document, 'Transfer') as Payment]
  return paymentHandlers(new Payments(news => teller.tell(news), known), readPaymentSettings(env), app.log)
}

function databaseOf({database}: Settings): NonNullable<Settings['database']> {
  if (!database) throw new InvalidEnvironment('SPRING_DATASOURCE_URL is not set')
  return database
}
