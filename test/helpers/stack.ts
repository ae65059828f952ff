import {randomBytes} from 'node:crypto'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {SERVICES} from '../../src/stack/catalogue.js'
import {Site} from './cli.js'
import {freePort} from './free-port.js'
import type {Sql} from './postgres.js'

/** The settings that stage needs; strong, and the same in every test. */
export const SECRETS = {
  POSTGRES_PASSWORD: 'pg-3f1c9a7e52d84b60',
  REDIS_PASSWORD: 'rd-8b2e6d4f10c7a395',
  S3_SECRET_KEY: 's3-c4d7e9f1a2b38650',
  JWT_SECRET: 'jwt-5a6b7c8d9e0f1a2b3c4d5e6f7a8b9c0d',
  TELEGRAM_BOT_TOKEN: '1234567:telegram-token-of-a-test',
  TELEGRAM_BOT_USERNAME: 'test_bot',
  YOOKASSA_SHOP_ID: '100500',
  YOOKASSA_SECRET_KEY: 'yk-9d8c7b6a5f4e3d2c',
  CLOUDPAYMENTS_PUBLIC_ID: 'pk_test',
  CLOUDPAYMENTS_API_SECRET: 'cp-1a2b3c4d5e6f7a8b',
}

/** A site with a project name and ports of its own; its containers and volumes go with it. */
export class StackSite extends Site {
  static override async open(env: NodeJS.ProcessEnv = {}): Promise<StackSite> {
    const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
    const AQUASTREAM_PROJECT = `aquastream-test-${randomBytes(4).toString('hex')}`
    return new StackSite(directory, {AQUASTREAM_PROJECT, ...(await freePorts()), ...env})
  }

  get project(): string {
    return this.env.AQUASTREAM_PROJECT!
  }

  /** A setting of this site, such as a port. */
  setting(name: string): string {
    return this.env[name]!
  }

  /** All settings of this site as a .env file, for stage. */
  async writeStageFile(more: Record<string, string> = {}): Promise<void> {
    const ports = Object.fromEntries(PORT_VARIABLES.map(name => [name, this.setting(name)]))
    const values: Record<string, string> = {
      AQUASTREAM_PROFILE: 'stage',
      AQUASTREAM_PROJECT: this.project,
      ...ports,
      ...SECRETS,
      ...more,
    }
    await this.write(
      '.env.stage',
      Object.entries(values)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join(''),
    )
  }

  /** Runs SQL in the container of PostgreSQL. */
  readonly sql: Sql = async (text, {database = 'aquastream'} = {}) => {
    const words = ['exec', '-i', `${this.project}-postgres-1`, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1']
    const server = ['-h', '/var/run/postgresql', '-p', '5432', '-U', 'aquastream', '-d', database]
    return (await execa('docker', [...words, ...server], {input: text})).stdout
  }

  /** Runs commands of Redis, and returns the lines of their answers. */
  async redis(...commands: string[]): Promise<string> {
    const container = `${this.project}-redis-1`
    const input = `${commands.join('\n')}\n`
    return (await execa('docker', ['exec', '-i', container, 'redis-cli'], {input})).stdout
  }

  async inspect(service: string): Promise<Container> {
    const id = await docker(
      'ps',
      '-aq',
      '--filter',
      `label=com.docker.compose.project=${this.project}`,
      '--filter',
      `label=com.docker.compose.service=${service}`,
    )
    return (JSON.parse(await docker('inspect', id)) as Container[])[0]!
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await execa('docker', ['compose', '-p', this.project, 'down', '--volumes', '--timeout', '2'], {
      cwd: '/',
      reject: false,
    })
    await super[Symbol.asyncDispose]()
  }
}

/** The part of `docker inspect` that tests read. */
export interface Container {
  Id: string
  Config: {Env: string[]; User: string; Image: string; Entrypoint: string[]; Cmd: string[]}
  HostConfig: {
    ReadonlyRootfs: boolean
    CapDrop: string[] | null
    CapAdd: string[] | null
    SecurityOpt: string[] | null
    Memory: number
    PidsLimit: number | null
    Privileged: boolean
  }
  State: {
    Status: string
    StartedAt: string
    FinishedAt: string
    Health?: {Status: string; Log: {End: string; ExitCode: number}[]}
  }
  NetworkSettings: {Ports: Record<string, {HostIp: string; HostPort: string}[] | null>}
}

export async function docker(...args: string[]): Promise<string> {
  return (await execa('docker', args, {cwd: '/'})).stdout.trim()
}

const PORT_VARIABLES = SERVICES.flatMap(({ports}) => ports.map(({variable}) => variable))

/** A free port for each port variable of the catalogue. */
export async function freePorts(): Promise<Record<string, string>> {
  const entries = PORT_VARIABLES.map(async name => [name, String(await freePort())] as const)
  return Object.fromEntries(await Promise.all(entries))
}
