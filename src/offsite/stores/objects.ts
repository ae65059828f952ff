import {createHash} from 'node:crypto'
import type {Context} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {AwsClient} from '../../system/aws4fetch.js'
import {decodeUri} from '../../system/text/decode-uri.js'

/** A server of S3, and the keys that may read everything in it. */
export interface ObjectStore {
  endpoint: string
  accessKey: string
  secretKey: string
}

/** One object, as the server lists it. */
interface ListedObject {
  bucket: string
  key: string
  bytes: number
  etag: string
}

/** What has been read. */
export interface CheckedObjects {
  objects: number
  bytes: number
}

/** How many objects are read at once. */
const AT_ONCE = 4

/**
 * Reads every object of every bucket and compares its size and its checksum with those that the server lists; `on`
 * receives what has been read so far. The server compares what it reads with checksums of its own as well.
 * @throws archive-damaged, with the names of objects; not-healthy: the server does not list its objects
 */
export async function checkObjects(
  store: ObjectStore,
  ctx: Context<CheckedObjects>,
): Promise<CheckedObjects> {
  const client = new S3(store, ctx.signal)
  const checked = {objects: 0, bytes: 0}
  const damaged: string[] = []
  const objects = client.list()
  const worker = async (): Promise<void> => {
    for await (const object of shared(objects)) {
      if (!(await client.isIntact(object))) damaged.push(`${object.bucket}/${object.key}`)
      checked.objects++
      checked.bytes += object.bytes
      ctx.on(checked)
    }
  }
  await Promise.all(Array.from({length: AT_ONCE}, worker))
  if (damaged.length === 0) return checked
  const names = damaged.slice(0, 3).map(name => JSON.stringify(name))
  throw new AquastreamError(
    'archive-damaged',
    `${damaged.length} of ${checked.objects} objects cannot be read, or are not what MinIO has recorded: ${names.join(', ')}${damaged.length > 3 ? ', …' : ''}`,
    {hint: 'nothing was changed; choose the media of another backup: aquastream offsite:list'},
  )
}

/** Lets several loops share one generator; the first that ends does not end it for the others. */
function shared<T>(generator: AsyncGenerator<T>): AsyncIterable<T> {
  return {[Symbol.asyncIterator]: () => ({next: () => generator.next()})}
}

class S3 {
  private readonly client: AwsClient

  constructor(
    private readonly store: ObjectStore,
    private readonly signal: AbortSignal,
  ) {
    const {accessKey: accessKeyId, secretKey: secretAccessKey} = store
    this.client = new AwsClient({
      accessKeyId,
      secretAccessKey,
      service: 's3',
      region: 'us-east-1',
      retries: 2,
    })
  }

  async *list(): AsyncGenerator<ListedObject> {
    for (const bucket of valuesOf(await this.text('/'), 'Name')) {
      let token: string | undefined
      do {
        const more = token === undefined ? '' : `&continuation-token=${encodeURIComponent(token)}`
        const page = await this.text(`/${bucket}?list-type=2&encoding-type=url${more}`)
        for (const entry of valuesOf(page, 'Contents')) yield toObject(bucket, entry)
        token = valuesOf(page, 'NextContinuationToken')[0]
      } while (token !== undefined)
    }
  }

  /** The checksum of an object that was uploaded in parts is that of the checksums of its parts. */
  async isIntact({bucket, key, bytes, etag}: ListedObject): Promise<boolean> {
    const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
    const [, parts] = /^[\da-f]{32}-(\d+)$/.exec(etag) ?? []
    if (parts === undefined) {
      const whole = await this.hash(path)
      // The ETag of an encrypted object is not a checksum.
      return whole?.bytes === bytes && (whole.md5.toString('hex') === etag || !/^[\da-f]{32}$/.test(etag))
    }
    const all = createHash('md5')
    let sum = 0
    for (let part = 1; part <= Number(parts); part++) {
      const one = await this.hash(`${path}?partNumber=${part}`)
      if (!one) return false
      all.update(one.md5)
      sum += one.bytes
    }
    return sum === bytes && `${all.digest('hex')}-${parts}` === etag
  }

  /** Returns undefined if the server does not deliver the object completely. */
  private async hash(path: string): Promise<{bytes: number; md5: Buffer} | undefined> {
    const response = await this.get(path)
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      return undefined
    }
    const hash = createHash('md5')
    let bytes = 0
    try {
      for await (const chunk of response.body) {
        hash.update(chunk as Uint8Array)
        bytes += (chunk as Uint8Array).length
      }
    } catch {
      // MinIO ends the connection when what it reads does not match its checksum.
      this.signal.throwIfAborted()
      return undefined
    }
    return {bytes, md5: hash.digest()}
  }

  private async text(path: string): Promise<string> {
    const response = await this.get(path)
    if (response.ok) return response.text()
    throw new Error(`MinIO does not list its objects: status ${response.status}`)
  }

  private async get(path: string): Promise<Response> {
    return this.client.fetch(`${this.store.endpoint}${path}`, {signal: this.signal})
  }
}

function toObject(bucket: string, entry: string): ListedObject {
  const value = (name: string): string => valuesOf(entry, name)[0] ?? ''
  return {
    bucket,
    key: decodeUri(value('Key').replaceAll('+', ' ')),
    bytes: Number(value('Size')),
    etag: value('ETag')
      .replace(/&(?:#34|quot);/g, '')
      .replaceAll('"', ''),
  }
}

/** Returns the contents of the elements of this name. MinIO writes its lists, without attributes and comments. */
function valuesOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, content]) => content!)
}
