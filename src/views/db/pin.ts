import type {PinReport} from '../../backup/pin.js'
import {wrap} from '../../cli/terminal/wrap.js'

/** Renders the result of `db:pin` and `db:unpin`. */
export function pinSummary({id, pinned, changed}: PinReport): string {
  const result = RESULTS[pinned ? 'pin' : 'unpin'][changed ? 'changed' : 'unchanged']
  return wrap(`Backup ${id} ${result}`, 0, process.stdout)
}

const RESULTS = {
  pin: {
    changed: 'is pinned; rotation does not delete it.',
    unchanged: 'is already pinned; nothing was changed.',
  },
  unpin: {
    changed: 'is no longer pinned; rotation may delete it.',
    unchanged: 'is not pinned; nothing was changed.',
  },
}
