import {parseJson} from '../body.js'
import {parseInteger, type MethodArguments} from './arguments.js'
import type {Bot} from './bot.js'
import type {Message} from './chats.js'
import {badRequest, conflict, TelegramError} from './errors.js'
import type {Update} from './updates.js'

/** The limit of https://core.telegram.org/bots/api#sendmessage, in characters. */
const TEXT_LIMIT = 4096
const LONGEST_POLL_S = 50

/** The result of a method. Some methods also return a description. */
export interface MethodResult {
  result: unknown
  description?: string
}

type Method = (bot: Bot, args: MethodArguments) => MethodResult | Promise<MethodResult>

const METHODS: Record<string, Method> = {
  getMe: bot => ({
    result: {
      ...bot.user,
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
    },
  }),
  sendMessage: (bot, args) => ({result: sendMessage(bot, args)}),
  getUpdates: async (bot, args) => ({result: await getUpdates(bot, args)}),
  setWebhook,
  deleteWebhook,
  getWebhookInfo: bot => ({result: webhookInfo(bot)}),
}

/** Returns the documented spelling of a method name, which is case-insensitive, or undefined if it is unknown. */
export function canonicalMethod(name: string): string | undefined {
  return Object.keys(METHODS).find(method => method.toLowerCase() === name.toLowerCase())
}

/** Calls a method. @throws TelegramError if the method is unknown or rejects its arguments */
export async function callMethod(bot: Bot, name: string, args: MethodArguments): Promise<MethodResult> {
  const method = canonicalMethod(name)
  if (method === undefined) throw new TelegramError(404, 'Not Found: method not found')
  return METHODS[method]!(bot, args)
}

function sendMessage(bot: Bot, {chat_id = '', text = '', reply_markup}: MethodArguments): Message {
  if (text === '') throw badRequest('message text is empty')
  if (text.trim() === '') throw badRequest('text must be non-empty')
  if (text.length > TEXT_LIMIT) throw badRequest('message is too long')
  if (chat_id === '') throw badRequest('chat_id is empty')
  const chatId = /^\d{1,15}$/.test(chat_id) ? Number(chat_id) : 0
  if (chatId === 0) throw badRequest('chat not found')
  if (bot.failures.consume('telegram', 'sendMessage', 'decline')) {
    throw new TelegramError(403, 'Forbidden: bot was blocked by the user')
  }
  const message = bot.chats.write(chatId, text, {
    bot: bot.user,
    replyMarkup: reply_markup && parseJson(reply_markup),
  })
  bot.events.emit(`The bot wrote to user ${chatId}.`)
  return message
}

async function getUpdates({webhook, updates}: Bot, args: MethodArguments): Promise<Update[]> {
  if (webhook.target) {
    throw conflict(
      "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
  }
  updates.confirm(parseInteger(args.offset, {fallback: 0, min: -Infinity, max: Infinity}))
  return updates.poll(
    parseInteger(args.limit, {fallback: 100, min: 1, max: 100}),
    parseInteger(args.timeout, {fallback: 0, min: 0, max: LONGEST_POLL_S}),
  )
}

function setWebhook(bot: Bot, args: MethodArguments): MethodResult {
  const {url = '', secret_token: secretToken = '', max_connections} = args
  if (url === '') return deleteWebhook(bot, args)
  if (args.drop_pending_updates === 'true') bot.updates.clear()
  const maxConnections = parseInteger(max_connections, {fallback: 40, min: 1, max: 100})
  bot.webhook.set({url, secretToken, maxConnections})
  bot.updates.interrupt('terminated by setWebhook request')
  bot.events.emit('The bot receives updates by webhook.')
  return {result: true, description: 'Webhook was set'}
}

function deleteWebhook(bot: Bot, {drop_pending_updates}: MethodArguments): MethodResult {
  if (drop_pending_updates === 'true') bot.updates.clear()
  if (!bot.webhook.target) return {result: true, description: 'Webhook is already deleted'}
  bot.webhook.remove()
  bot.events.emit('The bot polls for updates.')
  return {result: true, description: 'Webhook was deleted'}
}

function webhookInfo({webhook: {target, lastError}, updates}: Bot): object {
  return {
    url: target?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: updates.count,
    ...(lastError && {last_error_date: lastError.date, last_error_message: lastError.message}),
    ...(target && {max_connections: target.maxConnections}),
  }
}
