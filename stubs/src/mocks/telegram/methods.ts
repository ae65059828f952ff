import {jsonOf} from '../body.js'
import {integer, type Arguments} from './arguments.js'
import type {Bot} from './bot.js'
import type {Message} from './chats.js'
import {badRequest, conflict, TelegramError} from './errors.js'
import type {Update} from './updates.js'

const TEXT_LIMIT = 4096
const LONGEST_POLL_S = 50

/** What a method gives: its result, and for some a description. */
export interface Result {
  result: unknown
  description?: string
}

type Method = (bot: Bot, args: Arguments) => Result | Promise<Result>

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

/** The name of a method as it is documented, whatever its case in the call; nothing when there is none. */
export function methodNamed(name: string): string | undefined {
  return Object.keys(METHODS).find(method => method.toLowerCase() === name.toLowerCase())
}

/** @throws TelegramError */
export async function callMethod(bot: Bot, name: string, args: Arguments): Promise<Result> {
  const method = methodNamed(name)
  if (method === undefined) throw new TelegramError(404, 'Not Found: method not found')
  return METHODS[method]!(bot, args)
}

function sendMessage(bot: Bot, {chat_id = '', text = '', reply_markup}: Arguments): Message {
  if (text === '') throw badRequest('message text is empty')
  if (text.trim() === '') throw badRequest('text must be non-empty')
  if (text.length > TEXT_LIMIT) throw badRequest('message is too long')
  if (chat_id === '') throw badRequest('chat_id is empty')
  const chatId = /^\d{1,15}$/.test(chat_id) ? Number(chat_id) : 0
  if (chatId === 0) throw badRequest('chat not found')
  if (bot.failures.take('telegram', 'sendMessage', 'decline')) {
    throw new TelegramError(403, 'Forbidden: bot was blocked by the user')
  }
  const message = bot.chats.write(chatId, text, bot.user, reply_markup && jsonOf(reply_markup))
  bot.news.tell(`The bot wrote to user ${chatId}.`)
  return message
}

async function getUpdates({webhook, updates}: Bot, args: Arguments): Promise<Update[]> {
  if (webhook.target) {
    throw conflict(
      "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
  }
  updates.confirm(integer(args.offset, 0, -Infinity, Infinity))
  return updates.take(integer(args.limit, 100, 1, 100), integer(args.timeout, 0, 0, LONGEST_POLL_S))
}

function setWebhook(bot: Bot, args: Arguments): Result {
  const {url = '', secret_token: secretToken = '', max_connections} = args
  if (url === '') return deleteWebhook(bot, args)
  if (args.drop_pending_updates === 'true') bot.updates.clear()
  bot.webhook.set({url, secretToken, maxConnections: integer(max_connections, 40, 1, 100)})
  bot.updates.interrupt('terminated by setWebhook request')
  bot.news.tell('The bot gets its updates by webhook.')
  return {result: true, description: 'Webhook was set'}
}

function deleteWebhook(bot: Bot, {drop_pending_updates}: Arguments): Result {
  if (drop_pending_updates === 'true') bot.updates.clear()
  if (!bot.webhook.target) return {result: true, description: 'Webhook is already deleted'}
  bot.webhook.remove()
  bot.news.tell('The bot asks for its updates.')
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
