import {AquastreamError} from '../errors.js'

/**
 * A time as the engine takes it: how long ago, or RFC 3339. Other texts it would take for something else, or
 * refuse on its way out, among the lines.
 * @throws usage
 */
export function toTime(since: string): string {
  if (/^(\d+[hms])+$/.test(since)) return since
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(since) && !Number.isNaN(Date.parse(since))) {
    return new Date(since).toISOString()
  }
  throw new AquastreamError('usage', `--since ${JSON.stringify(since)} is no time`, {
    hint: 'say how long ago, such as 10m or 2h, or when, such as 2026-11-23T02:00:00Z',
  })
}
