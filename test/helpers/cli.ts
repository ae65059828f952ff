import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {Readable} from 'node:stream'
import {execa} from 'execa'
import {expect} from 'vitest'

const RUN = resolve(import.meta.dirname, '../../bin/run.js')

/** The result of one run of the built CLI. */
export interface Run {
  exitCode: number
  stdout: string
  stderr: string
}

/** Checks that a run was a success. */
export function expectDone({exitCode, stdout, stderr}: Run): void {
  expect(exitCode, stderr + stdout).toBe(0)
}

/** A running process of the built CLI. */
export interface Running {
  pid: number
  stdout: Readable
  stderr: Readable
  kill(signal: NodeJS.Signals): boolean
  ended: Promise<Run>
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** The path of another copy of the CLI. */
  cli?: string
  /** The user ID to run as; the tests themselves must run as root. */
  user?: number
}

/** A working directory that is also the home directory, deleted at the end. It is free of the developer's settings. */
export class Site implements AsyncDisposable {
  readonly env: NodeJS.ProcessEnv

  protected constructor(
    readonly directory: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.env = {
      PATH: process.env.PATH,
      HOME: directory,
      XDG_STATE_HOME: join(directory, 'state'),
      NO_COLOR: '1',
      ...env,
    }
  }

  static async open(env: NodeJS.ProcessEnv = {}): Promise<Site> {
    return new Site(await mkdtemp(join(tmpdir(), 'aquastream-test-')), env)
  }

  /** Runs the CLI to its end. Arguments that contain spaces are passed as a list. */
  run(words: string | string[], options: RunOptions = {}): Promise<Run> {
    return this.start(words, options).ended
  }

  /** Runs the CLI to its end, which has to be a success. */
  async succeed(words: string | string[], options: RunOptions = {}): Promise<Run> {
    const run = await this.run(words, options)
    expectDone(run)
    return run
  }

  /** Starts the CLI. The test reads its output, sends signals and waits for its end. */
  start(
    words: string | string[],
    {env = {}, cwd = this.directory, cli = RUN, user}: RunOptions = {},
  ): Running {
    const args = typeof words === 'string' ? words.split(' ').filter(Boolean) : words
    const running = execa(process.execPath, ['--', cli, ...args], {
      cwd,
      stdin: 'ignore',
      reject: false,
      extendEnv: false,
      env: {...this.env, ...env},
      ...(user !== undefined && {uid: user, gid: user}),
    })
    return {
      pid: running.pid!,
      stdout: running.stdout,
      stderr: running.stderr,
      kill: signal => running.kill(signal),
      ended: running.then(({exitCode, stdout, stderr}) => ({exitCode: exitCode ?? -1, stdout, stderr})),
    }
  }

  /**
   * Runs the CLI in a terminal with this number of columns; `stdout` is everything that was written to the terminal.
   * @param answers keys to type when a text has appeared, one pair after the other; a function can do something before
   *   the keys are typed
   */
  async runInTerminal(
    words: string,
    columns: number,
    answers: [question: string, keys: string | (() => Promise<string>)][] = [],
  ): Promise<Run> {
    const command = `stty cols ${columns} rows 40; exec ${process.execPath} -- ${RUN} ${words}`
    const running = execa('script', ['-qefc', command, '/dev/null'], {
      cwd: this.directory,
      env: {TERM: 'xterm', ...this.env},
      extendEnv: false,
      reject: false,
    })
    const left = [...answers]
    let screen = ''
    running.stdout.on('data', (bytes: Buffer) => {
      screen += bytes.toString()
      if (left[0] === undefined || !screen.includes(left[0][0])) return
      screen = ''
      const [, keys] = left.shift()!
      void (async () => running.stdin.write(typeof keys === 'string' ? keys : await keys()))()
    })
    const {exitCode, stdout} = await running
    return {exitCode: exitCode ?? -1, stdout, stderr: ''}
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.directory, name), text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, {recursive: true, force: true})
  }
}

/** Returns the error object of a failed run with --json. */
export function errorOf({stdout}: Run): {
  code: string
  exitCode: number
  message: string
  hint: string
  problems?: {code: string; message: string}[]
  evidence?: {title: string; lines: string[]}[]
} {
  return (JSON.parse(stdout) as {error: ReturnType<typeof errorOf>}).error
}
