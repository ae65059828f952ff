import type {FastifyInstance, FastifyReply} from 'fastify'
import {formFields} from '../body.js'
import type {Action, Checkout, PaymentView} from '../checkout.js'
import {addFailureRoutes, readScript} from '../failures/routes.js'
import {formActionSource} from '../return-url.js'
import {sendDocument} from './document.js'
import {sendEvents} from './events.js'
import {homePage, type PageContext} from './home.js'
import script from './live.js?raw'
import style from './page.css?raw'
import {payerPage, unknownPaymentPage} from './payer-view.js'
import {requireSameOrigin} from './same-origin.js'

interface PaymentRoute {
  Params: {id: string; action: Action}
}

/** Adds the page at /, the page of the payer at /pay/<id>, and the actions of their buttons. */
export function addPage(app: FastifyInstance, mocks: PageContext): void {
  requireSameOrigin(app, mocks.settings.publicUrl)
  addFailureRoutes(app, mocks.failures)
  app.get('/', (_, reply) => sendDocument(reply, homePage(mocks)))
  app.get('/events', {logLevel: 'error'}, (_, reply) => sendEvents(reply, mocks.events))
  app.get('/assets/page.css', (_, reply) => reply.type('text/css; charset=utf-8').send(style))
  app.get('/assets/live.js', (_, reply) => reply.type('text/javascript; charset=utf-8').send(script))
  addActions(app, mocks)
  addPayerPage(app, mocks.checkouts)
}

function addActions(app: FastifyInstance, {bot, failures, checkouts}: PageContext): void {
  app.post<PaymentRoute>('/actions/payments/:id/:action', async (request, reply) => {
    const {id, action} = request.params
    await findPayment(checkouts, id)?.checkout.perform(id, action)
    return reply.redirect('/#payments', 303)
  })
  app.post('/actions/messages', async (request, reply) => {
    const {chat = '', text = ''} = formFields(request.body)
    if (!/^[1-9]\d{0,14}$/.test(chat) || text.trim() === '')
      return reject(reply, 'The user must be a positive number, and the text must not be empty.')
    bot.receive(Number(chat), text)
    return reply.redirect('/#telegram', 303)
  })
  app.post('/actions/failures', async (request, reply) => {
    const {script: selected = '', times} = formFields(request.body)
    const [provider, operation, failure] = selected.split('/')
    const result = readScript({provider, operation, failure, times})
    if ('error' in result) return reject(reply, result.error)
    failures.add(result)
    return reply.redirect('/#failures', 303)
  })
  app.post('/actions/failures/clear', async (_, reply) => {
    failures.clear()
    return reply.redirect('/#failures', 303)
  })
}

function addPayerPage(app: FastifyInstance, checkouts: Checkout[]): void {
  app.get<PaymentRoute>('/pay/:id', async (request, reply) => {
    const found = findPayment(checkouts, request.params.id)
    if (!found) return sendDocument(reply.code(404), unknownPaymentPage())
    return sendDocument(
      reply,
      payerPage(found.payment, found.checkout),
      formActionSource(found.payment.returnUrl),
    )
  })
  app.post<PaymentRoute>('/pay/:id/:action', async (request, reply) => {
    const {id, action} = request.params
    const found = findPayment(checkouts, id)
    if (!found) return sendDocument(reply.code(404), unknownPaymentPage())
    const {reason} = formFields(request.body)
    await found.checkout.perform(id, action, reason)
    // A payer who was declined stays on the page and may try again
    const canPay = findPayment(checkouts, id)?.payment.actions.includes('pay')
    const {returnUrl} = found.payment
    return reply.redirect(canPay || returnUrl === null ? `/pay/${id}` : new URL(returnUrl).href, 303)
  })
}

function findPayment(
  checkouts: Checkout[],
  id: string,
): {checkout: Checkout; payment: PaymentView} | undefined {
  for (const checkout of checkouts) {
    const payment = checkout.payments().find(candidate => candidate.id === id)
    if (payment) return {checkout, payment}
  }
  return undefined
}

function reject(reply: FastifyReply, reason: string): FastifyReply {
  return reply.code(400).type('text/plain; charset=utf-8').send(`${reason}\n`)
}
