import {resolve} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import type {ProgressUpdate} from '../../src/cli/progress/printer.js'

const LONG =
  'user (about 21 s) is interrupted until the new container is healthy; the times are those of the last start'

test.each([
  [
    80,
    [
      'user (about 21 s) is interrupted until the new container is healthy; the times',
      'are those of the last start',
    ],
  ],
  [
    40,
    [
      'user (about 21 s) is interrupted until',
      'the new container is healthy; the times',
      'are those of the last start',
    ],
  ],
])('in %i columns, a notice appears above the running tasks', async (columns, long) => {
  await using terminal = new Terminal(
    ['live-progress.js', JSON.stringify([['check'], ['user', 'event']])],
    columns,
  )
  await terminal.shows(['ready'])
  terminal.send({notice: 'before all'})
  const before = ['ready', 'before all']
  await terminal.shows(before)
  terminal.send({task: 'check', state: 'running', detail: 'engine'})
  await terminal.shows([...before, '* check engine'])
  terminal.send({notice: 'during the check'})
  await terminal.shows([...before, 'during the check', '* check engine'])
  terminal.send({task: 'check', state: 'done', detail: 'done'})
  const first = [...before, 'during the check', '✔ check done']
  await terminal.shows(first)
  terminal.send({notice: 'between the groups'})
  await terminal.shows([...first, 'between the groups'])
  terminal.send({task: 'user', state: 'running', detail: 'starting'})
  terminal.send({notice: LONG})
  const second = [...first, 'between the groups', ...long]
  await terminal.shows([...second, '* user starting', '* event'])
  terminal.send({task: 'user', state: 'done', detail: 'healthy'})
  terminal.send({notice: 'at the end'})
  await terminal.shows([...second, 'at the end', '✔ user healthy', '* event'])
  // The end of the input.
  terminal.type('\u0004')
  await terminal.shows([...second, 'at the end', '✔ user healthy', '✖ event'])
})

test('a command that ignores an interrupt ends with its error', async () => {
  await using terminal = new Terminal(['stuck-command.js'], 80)
  await terminal.shows(['ready', '* work never ends'])
  terminal.type('\u0003')
  await terminal.shows(['ready', '✖ work never ends', 'error: interrupted', 'hint: run the command again'])
})

/** A terminal in which a program shows the progress of tasks. */
class Terminal implements AsyncDisposable {
  readonly #running
  readonly #columns: number
  #output = ''

  constructor([name = '', argument = '']: string[], columns: number) {
    const program = `stty cols ${columns} rows 40 -echo; echo ready; exec "$NODE" -- "$PROGRAM" '${argument}'`
    const PROGRAM = resolve(import.meta.dirname, '../helpers', name)
    this.#columns = columns
    this.#running = execa('script', ['-qefc', program, '/dev/null'], {
      env: {PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1', NODE: process.execPath, PROGRAM},
      extendEnv: false,
      reject: false,
    })
    this.#running.stdout.on('data', (bytes: Buffer) => (this.#output += bytes.toString()))
  }

  send(update: ProgressUpdate): void {
    this.type(`${JSON.stringify(update)}\n`)
  }

  type(keys: string): void {
    this.#running.stdin.write(keys)
  }

  /** Waits until the screen has these lines; a spinner is shown as a star. */
  async shows(lines: string[]): Promise<void> {
    await expect.poll(() => screenOf(this.#output, this.#columns), {timeout: 20_000}).toEqual(lines)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.kill()
    await this.#running
  }
}

/** A control sequence, a character that moves the cursor, or text. */
const PART = new RegExp(String.raw`\x1b\[[\d;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+`, 'g')

/** Returns the lines of a screen on which text was written and erased. */
function screenOf(output: string, columns: number): string[] {
  const lines: string[] = []
  let row = 0
  for (const [part] of output.matchAll(PART)) {
    if (part === '\n') row++
    else if (part === '\u001B[1A') row--
    else if (part === '\u001B[2K') lines[row] = ''
    else lines[row] = (lines[row] ?? '') + stripVTControlCharacters(part).replace('\r', '')
  }
  const written = lines.map(line => line.trimEnd().replace(/[\u2800-\u28FF]/, '*')).filter(Boolean)
  expect(written.filter(line => line.length > columns)).toEqual([])
  return written
}
