import {AquastreamError} from '../errors.js'
import {quoteTyped} from '../system/text/typed.js'

/**
 * Checks a `--since` value and returns it in a form that both engines accept: a duration such as `10m`, or RFC 3339 in
 * UTC. Docker Engine would misinterpret other texts, or report them between the log lines.
 * @throws usage
 */
export function toTime(since: string): string {
  if (/^(\d+[hms])+$/.test(since)) return since
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(since) && !Number.isNaN(Date.parse(since))) {
    return new Date(since).toISOString()
  }
  throw new AquastreamError('usage', `--since ${quoteTyped(since)} is not a valid time`, {
    hint: 'use a duration such as 10m or 2h, or a time such as 2026-11-23T02:00:00Z',
  })
}
