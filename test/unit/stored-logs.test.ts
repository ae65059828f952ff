import type {Server} from 'node:http'
import {mkdir, mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {expect, test} from 'vitest'
import type {LogQuery} from '../../src/engines/engine.js'
import {readLogs} from '../../src/engines/embedded/logs.js'
import {stackDirectoryAt} from '../../src/engines/embedded/stack-directory/stack-directory.js'
import {LogFile} from '../../src/engines/embedded/supervisor/log-file.js'
import {listen} from '../../src/engines/embedded/supervisor/server.js'
import {Supervisor} from '../../src/engines/embedded/supervisor/supervisor.js'
import {stamp} from '../../src/engines/embedded/supervisor/timestamp.js'

/** A supervisor whose services only write logs. */
class LoggingStack {
  readonly #logs = new Map<string, LogFile>()
  readonly #ended = new AbortController()

  private constructor(
    private readonly base: string,
    private readonly server: Server,
    readonly directory: ReturnType<typeof stackDirectoryAt>,
    private readonly supervisor: Supervisor,
  ) {}

  static async open(): Promise<LoggingStack> {
    const base = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
    const directory = stackDirectoryAt(base, 'p')
    await mkdir(dirname(directory.log('')), {recursive: true})
    const supervisor = new Supervisor(directory)
    const server = await listen(supervisor, directory.socket, () => undefined)
    return new LoggingStack(base, server, directory, supervisor)
  }

  /** Logs a line as a service does. */
  say(service: string, text: string): void {
    const log = this.#logs.get(service) ?? new LogFile(this.directory.log(service), {isNew: true})
    this.#logs.set(service, log)
    const line = {service, time: stamp(), text}
    log.write(`${line.time} ${text}`)
    this.supervisor.emit('line', line)
  }

  /** Returns a function that reads up to and including a line, or to the end. Between two calls the reader is paused. */
  read(query: Partial<LogQuery> = {}): (until?: string) => Promise<string[]> {
    const lines = readLogs(this.directory, {services: [], follow: false, ...query}, this.#ended.signal)
    return async until => {
      const texts: string[] = []
      for (let next = await lines.next(); !next.done; next = await lines.next()) {
        texts.push(next.value.text)
        if (next.value.text === until) break
      }
      return texts
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.server.closeAllConnections()
    this.server.close()
    for (const log of this.#logs.values()) log.close()
    await rm(this.base, {recursive: true})
  }
}

/** Texts with a number each, and of a size in bytes. */
function numbered(count: number, size: number): string[] {
  return Array.from({length: count}, (_, index) => `${index} `.padEnd(size, '.'))
}

const MIB = 1024 ** 2

test('a quiet service keeps its lines beside a busy one', async () => {
  await using stack = await LoggingStack.open()
  const history = numbered(3000, 100)
  stack.say('quiet', 'begin')
  for (const text of history) stack.say('busy', text)
  const read = stack.read({follow: true})
  // The quiet log has been read to its end by then, and the busy one has not.
  const start = await read(history[0])
  stack.say('quiet', 'meanwhile')
  stack.say('busy', 'last')
  const rest = await read('meanwhile')
  stack.say('quiet', 'end')
  expect([...start, ...rest, ...(await read('end'))]).toEqual([
    'begin',
    ...history,
    'last',
    'meanwhile',
    'end',
  ])
})

test('a log that rotates while it is read stays complete', async () => {
  await using stack = await LoggingStack.open()
  const texts = numbered(32, MIB)
  for (const text of texts.slice(0, 25)) stack.say('user', text)
  const read = stack.read()
  const start = await read(texts[0])
  for (const text of texts.slice(25)) stack.say('user', text)
  // The file that was the newest one when the command began has lines up to this one.
  expect([...start, ...(await read())].map(firstWord)).toEqual(texts.slice(0, 30).map(firstWord))
})

function firstWord(text: string): string {
  return text.split(' ', 1)[0]!
}
