import type {FastifyInstance, FastifyReply} from 'fastify'
import {formFields} from '../body.js'
import type {Action, Checkout, PaymentView} from '../checkout.js'
import {addFailureRoutes, readScript} from '../failures/routes.js'
import {sourceOf} from '../return-url.js'
import {sendDocument} from './document.js'
import {sendEvents} from './events.js'
import {keepOthersOut} from './guard.js'
import {homePage, type Mocks} from './home.js'
import script from './live.js?raw'
import style from './page.css?raw'
import {noPayerPage, payerPage} from './payer-view.js'

interface OnPayment {
  Params: {id: string; action: Action}
}

/** Adds the page at /, the payer's page at /pay/<id>, and what their buttons do. */
export function addPage(app: FastifyInstance, mocks: Mocks): void {
  keepOthersOut(app, mocks.settings.publicUrl)
  addFailureRoutes(app, mocks.failures)
  app.get('/', (_, reply) => sendDocument(reply, homePage(mocks)))
  app.get('/events', {logLevel: 'error'}, (_, reply) => sendEvents(reply, mocks.news))
  app.get('/assets/page.css', (_, reply) => reply.type('text/css; charset=utf-8').send(style))
  app.get('/assets/live.js', (_, reply) => reply.type('text/javascript; charset=utf-8').send(script))
  addActions(app, mocks)
  addPayerPage(app, mocks.checkouts)
}

function addActions(app: FastifyInstance, {bot, failures, checkouts}: Mocks): void {
  app.post<OnPayment>('/actions/payments/:id/:action', async (request, reply) => {
    const {id, action} = request.params
    await find(checkouts, id)?.checkout.act(id, action)
    return reply.redirect('/#payments', 303)
  })
  app.post('/actions/messages', async (request, reply) => {
    const {chat = '', text = ''} = formFields(request.body)
    if (!/^[1-9]\d{0,14}$/.test(chat) || text.trim() === '')
      return refuse(reply, 'A user is a number, and a text is not empty.')
    bot.receive(Number(chat), text)
    return reply.redirect('/#telegram', 303)
  })
  app.post('/actions/failures', async (request, reply) => {
    const {script: words = '', times} = formFields(request.body)
    const [provider, operation, failure] = words.split('/')
    const read = readScript({provider, operation, failure, times})
    if ('error' in read) return refuse(reply, read.error)
    failures.add(read)
    return reply.redirect('/#failures', 303)
  })
  app.post('/actions/failures/clear', async (_, reply) => {
    failures.clear()
    return reply.redirect('/#failures', 303)
  })
}

function addPayerPage(app: FastifyInstance, checkouts: Checkout[]): void {
  app.get<OnPayment>('/pay/:id', async (request, reply) => {
    const found = find(checkouts, request.params.id)
    if (!found) return sendDocument(reply.code(404), noPayerPage())
    return sendDocument(reply, payerPage(found.payment, found.checkout), sourceOf(found.payment.returnUrl))
  })
  app.post<OnPayment>('/pay/:id/:action', async (request, reply) => {
    const {id, action} = request.params
    const found = find(checkouts, id)
    if (!found) return sendDocument(reply.code(404), noPayerPage())
    const {reason} = formFields(request.body)
    await found.checkout.act(id, action, reason)
    // Who was declined and may try again stays
    const open = find(checkouts, id)?.payment.actions.includes('pay')
    const {returnUrl} = found.payment
    return reply.redirect(open || returnUrl === null ? `/pay/${id}` : new URL(returnUrl).href, 303)
  })
}

function find(checkouts: Checkout[], id: string): {checkout: Checkout; payment: PaymentView} | undefined {
  for (const checkout of checkouts) {
    const payment = checkout.payments().find(candidate => candidate.id === id)
    if (payment) return {checkout, payment}
  }
  return undefined
}

function refuse(reply: FastifyReply, reason: string): FastifyReply {
  return reply.code(400).type('text/plain; charset=utf-8').send(`${reason}\n`)
}
