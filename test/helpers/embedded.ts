import {randomBytes} from 'node:crypto'
import {chmod, chown, mkdir, mkdtemp, readdir, readFile, readlink, realpath} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import type {StatusReport} from '../../src/env/status.js'
import type {UpReport} from '../../src/env/up.js'
import {Site} from './cli.js'
import {killNow} from './crash-site.js'
import {postgresPrograms} from './postgres-programs.js'
import {freePorts} from './stack.js'

/** Makes Docker Engine unreachable, even if this machine has one. */
const NO_DOCKER = {DOCKER_HOST: 'unix:///nonexistent/none.sock'}

/** A site whose dev profile runs on the embedded engine. Its processes and data are removed at the end. */
export class EmbeddedSite extends Site {
  static override async open(env: NodeJS.ProcessEnv = {}): Promise<EmbeddedSite> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'aquastream-test-')))
    // Under root, PostgreSQL runs as another user, who must be able to reach the data.
    await mkdir(join(directory, 'state'))
    for (const path of [directory, join(directory, 'state')]) await chmod(path, 0o711)
    const [bin] = [...postgresPrograms().values()]
    return new EmbeddedSite(directory, {
      ...NO_DOCKER,
      PATH: [bin, process.env.PATH].join(delimiter),
      AQUASTREAM_PROJECT: `test-${randomBytes(3).toString('hex')}`,
      ...(await freePorts()),
      ...env,
    })
  }

  /** The directory with the data, logs and records of the stack. */
  get home(): string {
    return join(this.env.XDG_STATE_HOME!, 'aquastream', this.env.AQUASTREAM_PROJECT!)
  }

  /** Starts services, by default all. Throws if the start fails. */
  async up(...services: string[]): Promise<UpReport> {
    const {exitCode, stdout, stderr} = await this.run([
      'env:up',
      '--json',
      ...services.flatMap(name => ['--service', name]),
    ])
    if (exitCode !== 0) throw new Error(`env:up: exit ${exitCode}\n${stdout}${stderr}`)
    return JSON.parse(stdout) as UpReport
  }

  async status(): Promise<StatusReport> {
    return JSON.parse((await this.run('env:status --json')).stdout) as StatusReport
  }

  /** Runs SQL as the database user of the stack, and returns the output of psql. */
  async sql(text: string, options: {password?: string} = {}): Promise<string> {
    const generated = join(this.env.XDG_STATE_HOME!, 'aquastream', 'dev.env')
    const password =
      options.password ?? /^POSTGRES_PASSWORD=(.*)$/m.exec(await readFile(generated, 'utf8'))?.[1]
    const {stdout} = await execa('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1'], {
      input: text,
      extendEnv: false,
      env: {
        PATH: this.env.PATH,
        PGHOST: '127.0.0.1',
        PGPORT: this.env.POSTGRES_PORT,
        PGUSER: 'aquastream',
        PGDATABASE: 'aquastream',
        PGPASSWORD: password,
      },
    })
    return stdout
  }

  /** Changes the owner of the directories to another user, who then runs the CLI. */
  async allow(user: number): Promise<void> {
    for (const path of [this.directory, this.env.XDG_STATE_HOME!]) await chown(path, user, user)
  }

  /** Returns the pid that the engine has recorded for a service or for `supervisor`. */
  async pidOf(service: string): Promise<number> {
    const record = JSON.parse(await readFile(join(this.home, 'run', `${service}.json`), 'utf8')) as {
      pid: number
    }
    return record.pid
  }

  /** Returns the processes of this stack, which are found by command line and working directory. */
  async processes(): Promise<{pid: number; command: string}[]> {
    return processesIn(this.home)
  }

  /** Waits until no process is left, and returns the commands of those that still run. */
  async remains(patience = 15_000): Promise<string[]> {
    const deadline = performance.now() + patience
    for (;;) {
      const left = await this.processes()
      if (left.length === 0 || performance.now() > deadline) return left.map(({command}) => command)
      await sleep(50)
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.run('env:down --profile dev')
    for (const {pid} of await this.processes()) killNow(pid)
    await this.remains()
    await super[Symbol.asyncDispose]()
  }
}

/** Kills the supervisor and its watchdogs, and returns the number of watchdogs. The programs keep running. */
export async function killSupervision(site: EmbeddedSite): Promise<number> {
  const watchdogs = (await site.processes()).filter(({command}) => command.startsWith('/bin/sh -c'))
  for (const {pid} of watchdogs) killNow(pid)
  const supervisor = await site.pidOf('supervisor')
  killNow(supervisor)
  await until(async () => !(await site.processes()).some(({pid}) => pid === supervisor), 'it is gone')
  return watchdogs.length
}

/** Returns the processes that have a directory in their command line, or work in it, except those of the CLI. */
export async function processesIn(directory: string): Promise<{pid: number; command: string}[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async pid => {
      const [line, cwd] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ])
      const command = line.replaceAll('\0', ' ').trim()
      const isCli = command.includes('bin/run.js')
      return !isCli && (command.includes(directory) || `${cwd}/`.startsWith(`${directory}/`))
        ? [{pid, command}]
        : []
    }),
  )
  return found.flat()
}

/** Waits until a condition holds. */
export async function until(holds: () => Promise<boolean>, what: string, patience = 30_000): Promise<void> {
  const deadline = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${patience} ms: ${what}`)
    await sleep(50)
  }
}
