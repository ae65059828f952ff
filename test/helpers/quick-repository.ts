import {createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync} from 'node:crypto'
import {cp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {cachedTemplate} from './cache.js'

/** A file of keys/, see "Keys, Encryption and MAC" of https://github.com/restic/restic/blob/master/doc/design.rst */
interface KeyFile {
  N: number
  r: number
  p: number
  salt: string
  data: string
}

const IV_BYTES = 16
const MAC_BYTES = 16

/**
 * Creates an off-site repository as `restic init` does, from a template: restic takes two seconds of CPU time, most of it to
 * choose the cost of the key. Each repository has an ID of its own.
 * @param restic the program that makes the template
 */
export async function createQuickRepository(
  repository: string,
  password: string,
  restic: string,
): Promise<void> {
  await cp(await templateOf(password, restic), repository, {recursive: true, preserveTimestamps: true})
  const {key} = await readKey(repository, password)
  const config = join(repository, 'config')
  const template = JSON.parse(decrypt(await readFile(config), key).toString()) as object
  const text = JSON.stringify({...template, id: randomBytes(32).toString('hex')})
  // The file is read-only.
  await rm(config)
  await writeFile(config, encrypt(Buffer.from(text), key), {mode: 0o400})
}

async function templateOf(password: string, restic: string): Promise<string> {
  const {stdout: version} = await execa(restic, ['version'])
  return cachedTemplate('restic', [restic, version, password], async directory => {
    await execa(restic, ['init'], {env: {RESTIC_REPOSITORY: directory, RESTIC_PASSWORD: password}})
    await replaceKey(directory, password)
  })
}

/**
 * Replaces the key of a repository by one for the same password that is derived at once. restic chooses the cost of its key so
 * that each start takes half a second, and a test starts it many times.
 */
export async function replaceKey(repository: string, password: string): Promise<void> {
  const {path, file, master} = await readKey(repository, password)
  const quick = {...file, N: 2, r: 1, p: 1, salt: randomBytes(64).toString('base64')}
  const text = JSON.stringify({...quick, data: encrypt(master, derive(password, quick)).toString('base64')})
  const name = createHash('sha256').update(text).digest('hex')
  await writeFile(join(repository, 'keys', name), text, {mode: 0o400})
  await rm(path)
}

/** The only key of a repository. */
interface RepositoryKey {
  path: string
  file: KeyFile
  /** The master key as the file contains it: JSON. */
  master: Buffer
  /** The same, as it encrypts the files of the repository. */
  key: Keys
}

async function readKey(repository: string, password: string): Promise<RepositoryKey> {
  const keys = join(repository, 'keys')
  const [name] = await readdir(keys)
  const path = join(keys, name!)
  const file = JSON.parse(await readFile(path, 'utf8')) as KeyFile
  const master = decrypt(Buffer.from(file.data, 'base64'), derive(password, file))
  const {mac, encrypt: encryption} = JSON.parse(master.toString()) as {
    mac: {k: string; r: string}
    encrypt: string
  }
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64')
  return {
    path,
    file,
    master,
    key: {encryption: bytes(encryption), mac: Buffer.concat([bytes(mac.k), bytes(mac.r)])},
  }
}

interface Keys {
  encryption: Buffer
  mac: Buffer
}

function derive(password: string, {N, r, p, salt}: KeyFile): Keys {
  const bytes = scryptSync(password, Buffer.from(salt, 'base64'), 64, {N, r, p, maxmem: 1 << 30})
  return {encryption: bytes.subarray(0, 32), mac: bytes.subarray(32)}
}

function decrypt(data: Buffer, {encryption}: Keys): Buffer {
  return createDecipheriv('aes-256-ctr', encryption, data.subarray(0, IV_BYTES)).update(
    data.subarray(IV_BYTES, -MAC_BYTES),
  )
}

function encrypt(text: Buffer, {encryption, mac}: Keys): Buffer {
  const iv = randomBytes(IV_BYTES)
  const data = createCipheriv('aes-256-ctr', encryption, iv).update(text)
  const pad = createCipheriv('aes-128-ecb', mac.subarray(0, 16), null).update(iv)
  return Buffer.concat([iv, data, poly1305(data, mac.subarray(16), pad)])
}

/** RFC 8439, section 2.5.1; Node.js has this code only together with ChaCha20. */
function poly1305(text: Buffer, r: Buffer, s: Buffer): Buffer {
  const factor = number(r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let at = 0; at < text.length; at += 16) {
    const block = Buffer.concat([text.subarray(at, at + 16), Buffer.from([1])])
    sum = ((sum + number(block)) * factor) % ((1n << 130n) - 5n)
  }
  const code = (sum + number(s)) % (1n << 128n)
  return Buffer.from(code.toString(16).padStart(32, '0'), 'hex').reverse()
}

/** The number that bytes are, the least significant first. */
function number(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
