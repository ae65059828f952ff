import {homedir} from 'node:os'
import {join} from 'node:path'
import {AquastreamError} from '../../errors.js'
import {execa} from '../../system/execa.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import type {OffsiteSettings} from '../settings.js'

interface Login {
  user: string | undefined
  host: string
  port: string | undefined
}

/**
 * Parses the server of an SFTP repository: `sftp:user@host:/path` or `sftp://user@host:port//path`; undefined for
 * any other repository.
 * https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html#sftp
 */
export function parseSftp(repository: string): Login | undefined {
  const pattern = repository.startsWith('sftp://')
    ? /^sftp:\/\/(?:([^\s@/'"]+)@)?(\[[^\s\]'"]+\]|[\w.-]+)(?::(\d+))?\//i
    : /^sftp:(?:([^\s@:/'"]+)@)?(\[[^\s\]'"]+\]|[\w.-]+)()?:/i
  const [, user, host, port] = pattern.exec(repository) ?? []
  // A name that begins with a hyphen would be an option of ssh.
  if (!host || host.startsWith('-') || user?.startsWith('-')) return undefined
  return {user, host: host.replace(/^\[(.*)\]$/, '$1'), port}
}

/**
 * Returns the arguments of restic for an SFTP repository: only the given key and the known hosts are used, and nothing
 * of the user's configuration of ssh. Empty for any other repository.
 * @throws settings-invalid: the repository cannot be parsed; refused: the host key of the server is not known
 */
export async function sftpArguments({repository, ssh}: OffsiteSettings): Promise<string[]> {
  if (!repository.startsWith('sftp:')) return []
  const login = parseSftp(repository)
  if (!login) {
    throw new AquastreamError('settings-invalid', `OFFSITE_REPOSITORY is not a valid SFTP repository`, {
      hint: 'write sftp:user@host:/path, or sftp://user@host:port//path',
    })
  }
  const knownHosts = knownHostsFile(ssh)
  await requireKnownHost(login, knownHosts)
  const {user, host, port} = login
  const options = [
    ...FIXED_OPTIONS,
    `UserKnownHostsFile=${quotePath(knownHosts, 'OFFSITE_SSH_KNOWN_HOSTS_FILE')}`,
    ...(ssh.keyFile === undefined
      ? []
      : [`IdentityFile=${quotePath(ssh.keyFile, 'OFFSITE_SSH_KEY_FILE')}`, 'IdentitiesOnly=yes']),
  ]
  const words = [
    'ssh',
    '-F',
    '/dev/null',
    ...options.flatMap(option => ['-o', option]),
    ...(port ? ['-p', port] : []),
    user === undefined ? host : `${user}@${host}`,
    '-s',
    'sftp',
  ]
  const command = `sftp.command=${words.map(shellQuote).join(' ')}`
  // restic reads the value of -o as a line of CSV.
  return ['-o', `"${command.replaceAll('"', '""')}"`]
}

function knownHostsFile({knownHostsFile: given}: OffsiteSettings['ssh']): string {
  return given ?? join(homedir(), '.ssh', 'known_hosts')
}

/** Returns the files that ssh reads. */
export function sshFiles({ssh}: OffsiteSettings): string[] {
  return [knownHostsFile(ssh), ...(ssh.keyFile === undefined ? [] : [ssh.keyFile])]
}

/** ssh ends on its own when the server does not answer for a minute. */
const FIXED_OPTIONS = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'GlobalKnownHostsFile=/dev/null',
  'ConnectTimeout=20',
  'ServerAliveInterval=15',
  'ServerAliveCountMax=4',
]

/**
 * Quotes a path for an option of ssh, as ssh_config(5) describes it. restic splits the command of ssh at every quote, so a
 * path with a quote cannot be passed on.
 * @param setting the name of the setting, for messages
 * @throws settings-invalid
 */
export function quotePath(path: string, setting: string): string {
  if (!/['"\\]|\$\{/.test(path)) return `"${path.replaceAll('%', '%%')}"`
  throw new AquastreamError('settings-invalid', `${setting} has a quote, a backslash or \${ in its path`, {
    hint: `move the file to a path without these characters, then correct ${setting}`,
  })
}

/** Milliseconds that ssh-keygen may take to read a file of known hosts. */
const KEYGEN_MS = 10_000

/** ssh-keygen also finds a host whose name is hashed. It exits with 1 if the host is not in the file. */
async function requireKnownHost({host, port}: Login, file: string): Promise<void> {
  const name = port && port !== '22' ? `[${host}]:${port}` : host
  const {exitCode, code} = await execa('ssh-keygen', ['-F', name, '-f', file], {
    reject: false,
    stdin: 'ignore',
    timeout: KEYGEN_MS,
  })
  if (exitCode === 0) return
  if (code === 'ENOENT') {
    throw new AquastreamError('tool-missing', 'ssh was not found on this machine', {
      hint: 'install the OpenSSH client, for example: apt-get install openssh-client',
    })
  }
  const scan = `ssh-keyscan ${port ? `-p ${port} ` : ''}${shellQuote(host)}`
  throw new AquastreamError('refused', `the host key of ${name} is not in ${file}`, {
    hint: `compare the output of ${scan} | ssh-keygen -lf - with the fingerprint that the provider of the server publishes; if they are equal: ${scan} >> ${shellQuote(file)}`,
  })
}
