/**
 * What continues the record before it in a log: an indented line, the parts of a Java stack trace that are not indented,
 * closing brackets, and an empty line.
 */
const CONTINUATION = /^(?:$|\s|Caused by: |Suppressed: |Wrapped by: |\.{3} \d+ |[)\]}]+[,;]?$)/

/** The beginning of a record that has a date and a time, as Logback, PostgreSQL and most others write it. */
const DATED = /^\W{0,2}\d{4}-\d\d-\d\d[ T]\d\d:\d\d/

/**
 * Returns whether a line continues the record that began with `head`. Where records have a time, each line without one
 * belongs to the record before it, except one that is a record in JSON.
 */
export function isContinuation(head: string, line: string): boolean {
  return CONTINUATION.test(line) || (DATED.test(head) && !DATED.test(line) && !line.startsWith('{'))
}

/** Groups the lines of one log into records. A record in JSON becomes the lines of its message and its stack trace. */
export function toRecords(lines: string[]): string[][] {
  const records: string[][] = []
  for (const line of lines) {
    const last = records.at(-1)
    const json = fromJson(line)
    if (json) records.push(json)
    else if (last && isContinuation(last[0]!, line)) last.push(line)
    else records.push([line])
  }
  return records
}

/** Level numbers of Pino, see https://github.com/pinojs/pino/blob/main/docs/api.md#loggerlevels-object */
const PINO_ERROR = 50

/** Reads the fields that encoders for Logback and Log4j, ECS and Pino use. */
function fromJson(line: string): string[] | undefined {
  const fields = parseObject(line)
  if (!fields) return undefined
  const [error, log] = [fields.error, fields.log].map(value => (value ?? {}) as Record<string, unknown>)
  const level = fields.level ?? fields['log.level'] ?? log!.level ?? fields.severity
  const message = fields.message ?? fields.msg
  const trace = fields.stack_trace ?? fields['error.stack_trace'] ?? error!.stack_trace ?? fields.stack
  if (typeof message !== 'string') return undefined
  return [`${levelOf(level)} ${message}`.trim(), ...(typeof trace === 'string' ? trace.split('\n') : [])]
}

function levelOf(level: unknown): string {
  if (typeof level === 'number') return level >= PINO_ERROR ? 'ERROR' : ''
  return typeof level === 'string' ? level.toUpperCase() : ''
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
