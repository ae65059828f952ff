import {once} from 'node:events'
import {type IncomingMessage, request, type Server} from 'node:http'
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

test('a client that does not read is disconnected', async () => {
  await using stack = await LoggingStack.open()
  const asking = request({socketPath: stack.directory.socket, path: '/lines', agent: false})
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  const closed = once(response, 'close')
  for (const text of numbered(8, MIB)) stack.say('user', text)
  await expect(closed).rejects.toThrow('aborted')
})

test('a reader that was paused gets every line once', async () => {
  await using stack = await LoggingStack.open()
  const texts = numbered(20_000, 500)
  stack.say('user', 'begin')
  const read = stack.read({follow: true, tail: 1})
  await read('begin')
  for (const text of texts) stack.say('user', text)
  expect(await read(texts.at(-1))).toEqual(texts)
  stack.say('user', 'end')
  expect(await read('end')).toEqual(['end'])
})

test.each(['user', 'payment'])('lines of %s that rotation deleted are reported', async service => {
  await using stack = await LoggingStack.open()
  const texts = numbered(41, MIB)
  stack.say('user', 'begin')
  const read = stack.read({follow: true})
  await read('begin')
  for (const text of texts) stack.say(service, text)
  const shown = (await read(texts.at(-1))).map(firstWord)
  const note = shown.indexOf('aquastream:')
  const kept = shown.length - note - 1
  expect(note).not.toBe(-1)
  expect(kept).toBeGreaterThan(20)
  expect(shown.slice(0, note)).toEqual(texts.slice(0, note).map(firstWord))
  expect(shown.slice(note + 1)).toEqual(texts.slice(-kept).map(firstWord))
})

function firstWord(text: string): string {
  return text.split(' ', 1)[0]!
}
