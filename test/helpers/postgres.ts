import {spawnSync} from 'node:child_process'
import {appendFile, chown, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {freePort} from './free-port.js'
import {postgresPrograms} from './postgres-programs.js'
import {asOwner, copyTemplate, OWNER, PASSWORD} from './postgres-template.js'

export interface ServerOptions {
  /** The major version; by default the lowest on this machine. */
  major?: number | undefined
  /** Settings in postgresql.conf. */
  settings?: Record<string, string>
  /** Environment variables of the server. */
  env?: Record<string, string>
}

/** How to stop the server: `fast` and `immediate` as in pg_ctl; `kill` ends all processes, like a power failure. */
export type StopMode = 'fast' | 'immediate' | 'kill'

/** Runs SQL in one psql session and returns the output, unaligned and without headings. Throws at the first error. */
export type Sql = (text: string, options?: {database?: string; user?: string}) => Promise<string>

/** Returns the major versions that `startPostgres` can start on this machine, the lowest first. */
export function majors(): number[] {
  return [...postgresPrograms().keys()]
}

/** Returns whether pg_dump of this version supports zstd, which depends on its build. */
export function knowsZstd(major: number): boolean {
  const pgDump = join(postgresPrograms().get(major)!, 'pg_dump')
  return !/zstd/i.test(
    spawnSync(pgDump, ['--compress=zstd', '-h', '/nonexistent'], {encoding: 'utf8'}).stderr,
  )
}

/** Starts a real PostgreSQL server with a database `aquastream`. It is stopped and deleted at the end. */
export async function startPostgres({
  major,
  settings = {},
  env = {},
}: ServerOptions = {}): Promise<TestServer> {
  const programs = postgresPrograms()
  const wanted = major ?? [...programs.keys()][0]
  const bin = wanted === undefined ? undefined : programs.get(wanted)
  if (wanted === undefined || bin === undefined)
    throw new Error(
      `PostgreSQL ${major ?? 'server'} not found on this machine; found: ${majors().join(', ') || 'none'}`,
    )
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-pg-'))
  const server = new TestServer(wanted, bin, directory, await freePort(), env)
  try {
    await server.create(settings)
    await server.start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

export class TestServer implements AsyncDisposable {
  /** The password of the superuser: a canary that no output, log or command line may contain. */
  readonly password = PASSWORD
  readonly url: string
  readonly env: {PATH: string}
  /** The log of the server. With `settings: {log_statement: 'all'}` it contains every statement. */
  readonly logFile: string
  readonly #data: string
  #postmaster: {pid: number; ended: Promise<unknown>} | undefined

  constructor(
    readonly major: number,
    /** The directory of the PostgreSQL programs. */
    readonly bin: string,
    /** The directory of the data and the Unix socket: `psql -h DIRECTORY -U aquastream` needs no password. */
    readonly directory: string,
    readonly port: number,
    private readonly variables: Record<string, string>,
  ) {
    this.url = `postgresql://aquastream:${this.password}@127.0.0.1:${port}/aquastream`
    this.env = {PATH: [bin, process.env.PATH].join(delimiter)}
    this.logFile = join(directory, 'server.log')
    this.#data = join(directory, 'data')
  }

  /** The variables that make the client tools connect by the Unix socket, without a password. */
  get connection(): Record<string, string> {
    return {
      PGHOST: this.directory,
      PGPORT: String(this.port),
      PGUSER: 'aquastream',
      PGDATABASE: 'aquastream',
    }
  }

  /** The pid of the postmaster. */
  get pid(): number {
    return this.#postmaster!.pid
  }

  readonly sql: Sql = async (text, {database = 'aquastream', user = 'aquastream'} = {}) => {
    const connection = ['-h', this.directory, '-p', String(this.port), '-U', user, '-d', database]
    // The password file and .psqlrc of the developer must not be read. On a busy machine, this session can be idle, or
    // its first statement can take, longer than a test allows to sessions.
    const {stdout} = await execa(join(this.bin, 'psql'), ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection], {
      input: text,
      extendEnv: false,
      env: {
        ...this.env,
        HOME: this.directory,
        PGCLIENTENCODING: 'UTF8',
        PGOPTIONS: '-c idle_session_timeout=0 -c statement_timeout=0 -c lock_timeout=0',
      },
    })
    return stdout
  }

  /** Creates the data directory. */
  async create(settings: Record<string, string>): Promise<void> {
    if (OWNER.uid !== undefined) await chown(this.directory, OWNER.uid, OWNER.gid)
    await copyTemplate(this.bin, this.#data)
    const own = {port: String(this.port), unix_socket_directories: this.directory}
    const configuration: Record<string, string> = {...FAST, ...own, ...settings}
    const lines = Object.entries(configuration).map(([name, value]) => `${name} = '${value}'\n`)
    await appendFile(join(this.#data, 'postgresql.conf'), lines.join(''))
    await writeFile(
      join(this.#data, 'pg_hba.conf'),
      'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
    )
  }

  /** Starts the server and waits until it accepts connections. */
  async start(): Promise<void> {
    const postmaster = execa(join(this.bin, 'postgres'), ['-D', this.#data], {
      ...asOwner(this.directory, this.variables),
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: {file: this.logFile, append: true},
      reject: false,
    })
    this.#postmaster = {pid: postmaster.pid!, ended: postmaster}
    const ended = new AbortController()
    void postmaster.then(() => ended.abort())
    while (!(await this.#isReady())) {
      if (ended.signal.aborted)
        throw new Error(`PostgreSQL exited before it was ready:\n${await readFile(this.logFile, 'utf8')}`)
      await sleep(20)
    }
  }

  /** Checks whether the server is ready, as pg_ctl does. */
  async #isReady(): Promise<boolean> {
    const lines = await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')
    const [pid, , , , , , , state] = lines.split('\n')
    return pid === String(this.pid) && state?.trim() === 'ready'
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
  // Autovacuum would update statistics at random moments, so that two runs would differ.
  autovacuum: 'off',
}

async function childrenOf(pid: number): Promise<number[]> {
  const {stdout} = await execa('ps', ['-o', 'pid=', '--ppid', String(pid)], {reject: false})
  return stdout.split('\n').map(Number).filter(Boolean)
}

/** Sends a signal to a process, which may have ended a moment ago. */
function signalled(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
