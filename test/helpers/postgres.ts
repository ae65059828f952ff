import {spawnSync} from 'node:child_process'
import {appendFile, chown, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa, type Options} from 'execa'
import {freePort} from './free-port.js'
import {postgresPrograms} from './postgres-programs.js'

export interface ServerOptions {
  /** The lowest that is here, if nothing is said. */
  major?: number | undefined
  /** For postgresql.conf. */
  settings?: Record<string, string>
  /** Variables of its processes. */
  env?: Record<string, string>
}

/** Which of its processes learns of the end: `kill` is a power cut, nobody does. */
export type StopMode = 'fast' | 'immediate' | 'kill'

/** Runs SQL in one psql session and gives what it printed, unaligned, tuples only; an error ends it. */
export type Sql = (text: string, options?: {database?: string; user?: string}) => Promise<string>

/** PostgreSQL refuses to run as root; anybody else's server is their own. */
const USER = process.getuid?.() === 0 ? {uid: 65_534, gid: 65_534} : {}

/** The major versions that `startPostgres` can start here, the lowest first. */
export function majors(): number[] {
  return [...postgresPrograms().keys()]
}

/** Whether its pg_dump packs with zstd: since version 16, where it was built so. */
export function knowsZstd(major: number): boolean {
  const pgDump = join(postgresPrograms().get(major)!, 'pg_dump')
  return !/zstd/i.test(
    spawnSync(pgDump, ['--compress=zstd', '-h', '/nonexistent'], {encoding: 'utf8'}).stderr,
  )
}

/** A real PostgreSQL with a database `aquastream`, in a temporary directory, gone at the end. */
export async function startPostgres({
  major,
  settings = {},
  env = {},
}: ServerOptions = {}): Promise<TestServer> {
  const programs = postgresPrograms()
  const wanted = major ?? [...programs.keys()][0]
  const bin = wanted === undefined ? undefined : programs.get(wanted)
  if (wanted === undefined || bin === undefined)
    throw new Error(`no PostgreSQL ${major ?? ''} here; there are: ${majors().join(', ') || 'none'}`)
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-pg-'))
  const server = new TestServer(wanted, bin, directory, await freePort(), env)
  try {
    await server.create(settings)
    await server.start()
    await server.sql('CREATE DATABASE aquastream', {database: 'postgres'})
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

export class TestServer implements AsyncDisposable {
  /** The superuser's; a canary that no output, log or argument list may show. */
  readonly password = 'pg-canary-6b1f0d9e4c72'
  readonly url: string
  readonly env: {PATH: string}
  /** What the server has logged so far; `settings: {log_statement: 'all'}` shows every statement. */
  readonly logFile: string
  readonly #data: string
  #postmaster: {pid: number; ended: Promise<unknown>} | undefined

  constructor(
    readonly major: number,
    /** The folder of its programs. */
    readonly bin: string,
    /** Of its socket too: `psql -h DIRECTORY -U aquastream` asks for no password. */
    readonly directory: string,
    readonly port: number,
    private readonly variables: Record<string, string>,
  ) {
    this.url = `postgresql://aquastream:${this.password}@127.0.0.1:${port}/aquastream`
    this.env = {PATH: [bin, process.env.PATH].join(delimiter)}
    this.logFile = join(directory, 'server.log')
    this.#data = join(directory, 'data')
  }

  /** Of the postmaster. */
  get pid(): number {
    return this.#postmaster!.pid
  }

  readonly sql: Sql = async (text, {database = 'aquastream', user = 'aquastream'} = {}) => {
    const connection = ['-h', this.directory, '-p', String(this.port), '-U', user, '-d', database]
    // Of the password file and the .psqlrc of who runs the tests, nothing gets in.
    const {stdout} = await execa(join(this.bin, 'psql'), ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection], {
      input: text,
      extendEnv: false,
      env: {...this.env, HOME: this.directory, PGCLIENTENCODING: 'UTF8'},
    })
    return stdout
  }

  /** Makes the data directory. Nothing in it has to survive a power cut, so nothing waits for the disk. */
  async create(settings: Record<string, string>): Promise<void> {
    if (USER.uid !== undefined) await chown(this.directory, USER.uid, USER.gid)
    const passwordFile = join(this.directory, 'password')
    await writeFile(passwordFile, this.password)
    await execa(
      join(this.bin, 'initdb'),
      [
        ...['-D', this.#data, '-U', 'aquastream', '--pwfile', passwordFile],
        ...['-E', 'UTF8', '--locale', 'C.UTF-8', '--wal-segsize', '1', '--no-sync', '--no-instructions'],
      ],
      this.#asOwner(),
    )
    const own = {port: String(this.port), unix_socket_directories: this.directory}
    const configuration: Record<string, string> = {...FAST, ...own, ...settings}
    const lines = Object.entries(configuration).map(([name, value]) => `${name} = '${value}'\n`)
    await appendFile(join(this.#data, 'postgresql.conf'), lines.join(''))
    await writeFile(
      join(this.#data, 'pg_hba.conf'),
      'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
    )
  }

  /** Starts it and waits until it takes connections. */
  async start(): Promise<void> {
    const postmaster = execa(join(this.bin, 'postgres'), ['-D', this.#data], {
      ...this.#asOwner(),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: {file: this.logFile, append: true},
      reject: false,
    })
    this.#postmaster = {pid: postmaster.pid!, ended: postmaster}
    const ended = new AbortController()
    void postmaster.then(() => ended.abort())
    const probe = ['-q', '-h', '127.0.0.1', '-p', String(this.port)]
    while ((await execa(join(this.bin, 'pg_isready'), probe, {reject: false})).exitCode !== 0) {
      if (ended.signal.aborted)
        throw new Error(`PostgreSQL ended before it answered:\n${await readFile(this.logFile, 'utf8')}`)
      await sleep(20)
    }
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const postmaster = this.#postmaster
    if (!postmaster) return
    const signal = ({fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL'} as const)[mode]
    const children = mode === 'kill' ? await childrenOf(this.pid) : []
    for (const pid of [this.pid, ...children]) signalled(pid, signal)
    await postmaster.ended
    this.#postmaster = undefined
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode)
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate')
    await rm(this.directory, {recursive: true, force: true})
  }

  #asOwner(): Options {
    return {
      ...USER,
      cwd: this.directory,
      extendEnv: false,
      env: {PATH: process.env.PATH, TZ: 'UTC', ...this.variables},
    }
  }
}

const FAST = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'logical',
  max_wal_size: '64MB',
  shared_buffers: '16MB',
  max_connections: '40',
  jit: 'off',
  // Statistics that come and go by themselves would make two runs differ.
  autovacuum: 'off',
}

async function childrenOf(pid: number): Promise<number[]> {
  const {stdout} = await execa('ps', ['-o', 'pid=', '--ppid', String(pid)], {reject: false})
  return stdout.split('\n').map(Number).filter(Boolean)
}

/** The process may have ended by itself a moment ago. */
function signalled(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
