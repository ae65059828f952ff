import {Recent} from '../recent.js'

export interface User {
  id: number
  is_bot: boolean
  first_name: string
  username: string
}

export interface Message {
  message_id: number
  from: User
  chat: {id: number; first_name: string; username: string; type: 'private'}
  date: number
  text: string
  entities?: {type: 'bot_command'; offset: number; length: number}[]
  reply_markup?: unknown
}

export interface Chat {
  user: User
  messages: Message[]
}

const MESSAGES_PER_CHAT = 200

/** The private chats of the bot. Whoever has a positive id has one: in the real world they would have pressed Start. */
export class Chats {
  readonly #chats = new Recent<Chat>(100)
  #lastMessage = 0

  /** The chat that was used last comes first. */
  list(): Chat[] {
    return this.#chats.latest().sort((one, other) => lastOf(other) - lastOf(one))
  }

  /** Adds a message of the user, or of the bot to the user. */
  write(chatId: number, text: string, bot: User | null, replyMarkup?: unknown): Message {
    const {user, messages} = this.#of(chatId)
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

  #of(chatId: number): Chat {
    const known = this.#chats.get(String(chatId))
    if (known) return known
    const user = {id: chatId, is_bot: false, first_name: `User ${chatId}`, username: `user${chatId}`}
    const chat = {user, messages: []}
    this.#chats.set(String(chatId), chat)
    return chat
  }
}

function lastOf({messages}: Chat): number {
  return messages.at(-1)?.message_id ?? 0
}
