import {html} from 'ghtml'
import type {Bot} from '../telegram/bot.js'
import type {Chat, Message} from '../telegram/chats.js'
import {liveRegion, section, timeOfDay} from './parts.js'

/** Returns the section that shows the chats of the bot, and a form for messages to it. */
export function telegramView(bot: Bot): string {
  const chats = bot.chats.list()
  return section(
    'telegram',
    'Telegram',
    html`!${liveRegion(
        'chats',
        html`<p class="note">!${botStatus(bot)}</p>
          !${chats.map(chatView)} !${chats.length === 0 ? '<p class="empty">No messages yet.</p>' : ''}`,
      )}
      <form method="post" action="/actions/messages" class="row">
        <label
          >User
          <input name="chat" inputmode="numeric" pattern="[0-9]{1,15}" required value="${lastUser(chats)}"
        /></label>
        <label class="wide"
          >Text <input name="text" required maxlength="4096" placeholder="/start" autocomplete="off"
        /></label>
        <button>Send to the bot</button>
      </form>`,
  )
}

function botStatus({user, webhook: {target}, updates}: Bot): string {
  const source = target
    ? html`receives updates at <code>${target.url}</code>`
    : 'polls for updates with getUpdates'
  const pending = updates.count > 0 ? ` (${updates.count} pending)` : ''
  return html`The bot <b>@${user.username}</b> !${source}${pending}.`
}

function chatView({user, messages}: Chat): string {
  return html`<article aria-label="Chat with ${user.first_name}">
    <h3>${user.first_name}</h3>
    <ol class="chat" id="chat-${user.id}" data-scroll tabindex="0" aria-label="Messages">
      !${messages.map(messageView)}
    </ol>
  </article>`
}

function messageView({from, text, date}: Message): string {
  return html`<li class="${from.is_bot ? 'bot' : 'user'}">
    <span class="who">${from.is_bot ? 'Bot' : from.first_name} !${timeOfDay(new Date(date * 1000))}</span>
    <p>${text}</p>
  </li>`
}

function lastUser(chats: Chat[]): string {
  return String(chats[0]?.user.id ?? 1001)
}
