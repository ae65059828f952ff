import {once} from 'node:events'
import {createInterface} from 'node:readline'

/**
 * Asks for one line without moving the cursor, for a terminal that cannot update its lines. A secret is not shown.
 * @throws Error: the input ended, Ctrl-C was pressed, or the signal was aborted
 */
export async function askPlainly(
  question: string,
  {secret = false, signal}: {secret?: boolean; signal?: AbortSignal} = {},
): Promise<string> {
  // The terminal itself shows what is typed, unless readline reads each key and, without an output, shows none. The
  // question comes second: an answer that is typed at once is not shown either.
  const lines = createInterface({input: process.stdin, terminal: secret})
  process.stderr.write(`${question} `)
  const over = new AbortController()
  const fail = (): never => {
    throw new Error('no answer')
  }
  try {
    const answers = await Promise.race([
      once(lines, 'line', {signal}),
      once(lines, 'close', {signal: over.signal}).then(fail),
      // Without a listener, the signal would end the process before the command can clean up.
      once(process, 'SIGINT', {signal: over.signal}).then(fail),
    ])
    // Without an output, readline does not show the end of the line either.
    if (secret) process.stderr.write('\n')
    return String(answers[0])
  } catch (error) {
    process.stderr.write('\n')
    throw error
  } finally {
    over.abort()
    lines.close()
  }
}
