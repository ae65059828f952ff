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
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

export class TestServer implements AsyncDisposable {
  /** The superuser's; a canary that no output, log or argument list may show. */
  readonly password = PASSWORD
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
    // Of the password file and the .psqlrc of who runs the tests, nothing gets in. On a busy machine it is idle longer
    // than a test lets sessions be.
    const {stdout} = await execa(join(this.bin, 'psql'), ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection], {
      input: text,
      extendEnv: false,
      env: {
        ...this.env,
        HOME: this.directory,
        PGCLIENTENCODING: 'UTF8',
        PGOPTIONS: '-c idle_session_timeout=0',
      },
    })
    return stdout
  }

  /** Makes the data directory. */
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

  /** Starts it and waits until it takes connections. */
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
        throw new Error(`PostgreSQL ended before it answered:\n${await readFile(this.logFile, 'utf8')}`)
      await sleep(20)
    }
  }

  /** As pg_ctl sees it. */
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
