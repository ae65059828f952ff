import type {PinReport} from '../../backup/pin.js'
import {wrap} from '../../cli/terminal/wrap.js'

export function pinSummary({id, pinned, changed}: PinReport): string {
  return wrap(`${id} ${SENTENCES[pinned ? 'pin' : 'unpin'][changed ? 'done' : 'already']}`, 0, process.stdout)
}

const SENTENCES = {
  pin: {
    done: 'is pinned: rotation leaves it alone.',
    already: 'was pinned already; nothing changed.',
  },
  unpin: {
    done: 'is not pinned any more: rotation judges it like the others.',
    already: 'was not pinned; nothing changed.',
  },
}
