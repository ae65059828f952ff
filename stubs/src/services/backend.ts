import type {FastifyInstance} from 'fastify'
import {exampleOf, readDocument, type ApiDocument} from '../api/document.js'
import {addApi, type Handlers} from '../api/serve.js'
import {createTokens, type Tokens} from '../api/tokens.js'
import type {Settings} from '../environment.js'
import {InvalidEnvironment, required, type Environment} from '../variables.js'
import type {Payment} from './payment/store.js'

interface BackendContext {
  app: FastifyInstance
  document: ApiDocument
  tokens: Tokens
  settings: Settings
  env: Environment
}

/** Creates the handlers of each service that keeps state. */
const HANDLERS: Record<string, (context: BackendContext) => Promise<Handlers>> = {
  user: async ({document, tokens}) => (await import('./user.js')).userHandlers(document, tokens),
  event: async ({document}) => (await import('./event/handlers.js')).eventHandlers(document),
  crew: async ({document}) => (await import('./crew.js')).crewHandlers(document),
  payment: createPaymentHandlers,
}

/**
 * Adds the API of a backend as its OpenAPI document describes it. A service without operations has only its health
 * endpoints; the notification service also listens for payments.
 *
 * @throws InvalidEnvironment if a variable that the service needs is missing or malformed
 */
export async function addBackend(
  app: FastifyInstance,
  service: string,
  {settings, env}: {settings: Settings; env: Environment},
): Promise<void> {
  if (service === 'notification') {
    const {addNotification} = await import('./notification/notification.js')
    addNotification(app, requireDatabase(settings), env)
  }
  const document = await readDocument(service)
  if (!document || document.operations.length === 0) return
  const tokens = createTokens(required(env, 'JWT_SECRET'))
  const handlers = await HANDLERS[service]?.({app, document, tokens, settings, env})
  await addApi(app, document, {handlers: handlers ?? {}, tokens})
}

async function createPaymentHandlers({app, document, settings, env}: BackendContext): Promise<Handlers> {
  const [{paymentHandlers}, {PaymentStore}, {readPaymentSettings}, {createNotifier}] = await Promise.all([
    import('./payment/handlers.js'),
    import('./payment/store.js'),
    import('./payment/settings.js'),
    import('./payment-events.js'),
  ])
  const notifier = createNotifier(requireDatabase(settings), app.log)
  app.addHook('onClose', () => notifier.close())
  const initial = [exampleOf(document, 'Transfer') as Payment]
  const payments = new PaymentStore(event => notifier.notify(event), initial)
  return paymentHandlers(payments, readPaymentSettings(env), app.log)
}

function requireDatabase({database}: Settings): NonNullable<Settings['database']> {
  if (!database) throw new InvalidEnvironment('SPRING_DATASOURCE_URL is not set')
  return database
}
