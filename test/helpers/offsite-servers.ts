import {existsSync, readdirSync} from 'node:fs'
import {chmod, mkdir, readFile, rename, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import type {Site} from './cli.js'
import {freePort} from './free-port.js'
import {TESTBED, until} from './restic.js'
import {accepts} from './rest-server.js'

/** A server with room for a repository, and the settings that reach it. */
export type OffsiteServer = AsyncDisposable & {settings: Record<string, string>; directory: string}

export const S3_SECRET = 's3-canary-5e8d1b7a90c4'

/** Returns the directory with MinIO and its client, in the cache of the testbed. */
export function minioPrograms(): string {
  const folder = readdirSync(TESTBED).find(name => existsSync(join(TESTBED, name, 'minio')))
  if (folder === undefined) throw new Error(`no minio in ${TESTBED}: run test/testbed/provision.sh`)
  return join(TESTBED, folder)
}

/** Starts MinIO, from the cache of the testbed. */
export async function startS3(site: Site): Promise<OffsiteServer> {
  const port = await freePort()
  const directory = join(site.directory, 's3')
  const running = execa(
    join(minioPrograms(), 'minio'),
    [
      'server',
      directory,
      '--address',
      `127.0.0.1:${port}`,
      '--console-address',
      `127.0.0.1:${await freePort()}`,
    ],
    {
      reject: false,
      stdio: 'ignore',
      extendEnv: false,
      env: {HOME: site.directory, MINIO_ROOT_USER: 'offsite', MINIO_ROOT_PASSWORD: S3_SECRET},
    },
  )
  await until(() => accepts(port))
  return {
    directory,
    settings: {
      OFFSITE_REPOSITORY: `s3:http://127.0.0.1:${port}/offsite`,
      OFFSITE_S3_ACCESS_KEY: 'offsite',
      OFFSITE_S3_SECRET_KEY: S3_SECRET,
      OFFSITE_S3_REGION: 'us-east-1',
    },
    async [Symbol.asyncDispose]() {
      running.kill()
      await running
    },
  }
}

/** Starts the OpenSSH server of Debian, which only this machine reaches. It must run as root. */
export async function startSftp(site: Site): Promise<OffsiteServer & {knownHosts: string}> {
  const port = await freePort()
  const home = join(site.directory, 'sshd')
  await mkdir(home)
  await mkdir('/run/sshd', {recursive: true})
  for (const name of ['host', 'client'])
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, name)])
  await writeFile(join(home, 'keys'), await readFile(join(home, 'client.pub')))
  await chmod(join(home, 'keys'), 0o600)
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${home}/host`,
    `AuthorizedKeysFile ${home}/keys`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
  ]
  await writeFile(join(home, 'config'), lines.map(line => `${line}\n`).join(''))
  const running = execa('/usr/sbin/sshd', ['-D', '-e', '-f', join(home, 'config')], {
    reject: false,
    stdio: ['ignore', 'ignore', {file: join(home, 'log')}],
  })
  await until(() => accepts(port))
  const key = (await readFile(join(home, 'host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')
  const directory = join(site.directory, 'sftp')
  // ssh gives spaces and percent signs a meaning of their own.
  const files = join(site.directory, 'keys 100%')
  await mkdir(files)
  await rename(join(home, 'client'), join(files, 'client'))
  return {
    directory,
    knownHosts: `[127.0.0.1]:${port} ${key}\n`,
    settings: {
      OFFSITE_REPOSITORY: `sftp://root@127.0.0.1:${port}/${directory}`,
      OFFSITE_SSH_KEY_FILE: join(files, 'client'),
      OFFSITE_SSH_KNOWN_HOSTS_FILE: join(files, 'known_hosts'),
    },
    async [Symbol.asyncDispose]() {
      running.kill()
      await running
    },
  }
}
