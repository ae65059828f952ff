import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {Readable} from 'node:stream'
import {execa} from 'execa'

const RUN = resolve(import.meta.dirname, '../../bin/run.js')

/** What one run of the built CLI left. */
export interface Run {
  exitCode: number
  stdout: string
  stderr: string
}

/** One run of the built CLI that has not ended. */
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
  /** Another copy of the CLI. */
  cli?: string
  /** User id to run as; the tests themselves must be root's. */
  user?: number
}

/** A directory to work in and a home of its own, gone at the end; nothing of the developer's settings gets in. */
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

  /** Runs the CLI with these words, to its end; a list where a word has spaces. */
  run(words: string | string[], options: RunOptions = {}): Promise<Run> {
    return this.start(words, options).ended
  }

  /** Starts the CLI and leaves the rest to the test: its streams, its signals, its end. */
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
   * As `run`, in a terminal of so many columns: what its screen gets.
   * @param answers keys that are typed when a text is on the screen, one after the other; a function does something
   * first
   */
  async runInTerminal(
    words: string,
    columns: number,
    answers: [question: string, keys: string | (() => Promise<string>)][] = [],
  ): Promise<Run> {
    const command = `stty cols ${columns} rows 40; exec ${process.execPath} -- ${RUN} ${words}`
    const running = execa('script', ['-qefc', command, '/dev/null'], {
      cwd: this.directory,
      env: {...this.env, TERM: 'xterm'},
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

/** The error object of a failed --json run. */
export function errorOf({stdout}: Run): {
  code: string
  exitCode: number
  message: string
  hint: string
  problems?: {code: string; message: string}[]
} {
  return (JSON.parse(stdout) as {error: ReturnType<typeof errorOf>}).error
}
