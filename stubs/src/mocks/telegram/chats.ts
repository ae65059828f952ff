import {BoundedMap} from '../bounded-map.js'

/** A user or a bot, as in https://core.telegram.org/bots/api#user. */
export interface User {
  id: number
  is_bot: boolean
  first_name: string
  username: string
}

/** A message, as in https://core.telegram.org/bots/api#message. */
export interface Message {
  message_id: number
  from: User
  chat: {id: number; first_name: string; username: string; type: 'private'}
  date: number
  text: string
  entities?: {type: 'bot_command'; offset: number; length: number}[]
  reply_markup?: unknown
}

/** A private chat of the bot with a user. */
export interface Chat {
  user: User
  /** The oldest first. */
  messages: Message[]
}

const MESSAGES_PER_CHAT = 200

/** The private chats of the bot. Every user with a positive id counts as having started the bot. */
export class Chats {
  readonly #chats = new BoundedMap<Chat>(100)
  #lastMessage = 0

  /** Returns the chats, the most recently used first. */
  list(): Chat[] {
    return this.#chats.newestFirst().sort((one, other) => lastMessageId(other) - lastMessageId(one))
  }

  /** Adds a message to the chat with a user. The bot is its author if given, otherwise the user. */
  write(chatId: number, text: string, {bot, replyMarkup}: {bot?: User; replyMarkup?: unknown} = {}): Message {
    const {user, messages} = this.#chatWith(chatId)
    const {first_name, username} = user
    const command = bot ? null : /^\/\w+(@\w+)?/.exec(text)
    const message: Message = {
      message_id: ++this.#lastMessage,
      from: bot ?? user,
      chat: {id: chatId, first_name, username, type: 'private'},
      date: Math.floor(Date.now() / 1000),
      text,
      ...(command && {entities: [{type: 'bot_command', offset: 0, length: command[0].length}]}),
      ...(replyMarkup !== undefined && {reply_markup: replyMarkup}),
    }
    messages.splice(0, messages.length - MESSAGES_PER_CHAT + 1)
    messages.push(message)
    return message
  }

  #chatWith(chatId: number): Chat {
    const existing = this.#chats.get(String(chatId))
    if (existing) return existing
    const user = {id: chatId, is_bot: false, first_name: `User ${chatId}`, username: `user${chatId}`}
    const chat = {user, messages: []}
    this.#chats.set(String(chatId), chat)
    return chat
  }
}

function lastMessageId({messages}: Chat): number {
  return messages.at(-1)?.message_id ?? 0
}
