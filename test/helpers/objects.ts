import {createHash, randomBytes} from 'node:crypto'
import {AwsClient} from 'aws4fetch'
import {oneOf, randomFrom, SEED} from './random.js'

/** What a client sees of an object: the hash of its content, and the headers that were stored with it. */
export interface SeenObject {
  sha256: string
  checksum: string | null
  type: string | null
  owner: string | null
  etag: string | null
}

/** The objects of a bucket, through S3. */
export class Objects {
  private readonly client: AwsClient

  constructor(
    private readonly bucket: string,
    secretAccessKey: string,
    accessKeyId = 'aquastream',
  ) {
    this.client = new AwsClient({accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1'})
  }

  /** Stores objects with random content, of 1 to 40 KiB and a few of 6 MiB, with a type, metadata and a checksum. */
  async fill(count: number, first = 0): Promise<void> {
    const random = randomFrom(SEED + first)
    await each(
      Array.from({length: count}, (_, index) => first + index),
      async index => {
        const bytes = index % 500 === 7 ? 6 << 20 : 1024 + Math.floor(random() * 39 * 1024)
        const type = oneOf(random, ['image/webp', 'video/mp4', 'application/vnd.aquastream+json'])!
        await this.put(`event ${index % 17}/+&<é>/${index}.bin`, randomBytes(bytes), {
          'content-type': type,
          'x-amz-meta-owner': `sailor ${index}`,
        })
      },
    )
  }

  async put(key: string, body: Buffer, headers: Record<string, string> = {}): Promise<void> {
    const checksum = createHash('sha256').update(body).digest('base64')
    const response = await this.client.fetch(this.url(key), {
      method: 'PUT',
      body: new Uint8Array(body),
      headers: {...headers, 'x-amz-checksum-sha256': checksum},
    })
    if (!response.ok) throw new Error(`PUT ${key}: ${response.status} ${await response.text()}`)
  }

  /** Reads every object. */
  async read(): Promise<Map<string, SeenObject>> {
    const keys = await this.keys()
    const seen = new Map<string, SeenObject>()
    await each(keys, async key => {
      const response = await this.client.fetch(this.url(key), {headers: {'x-amz-checksum-mode': 'ENABLED'}})
      if (!response.ok) throw new Error(`GET ${key}: ${response.status}`)
      const content = Buffer.from(await response.arrayBuffer())
      seen.set(key, {
        sha256: createHash('sha256').update(content).digest('hex'),
        checksum: response.headers.get('x-amz-checksum-sha256'),
        type: response.headers.get('content-type'),
        owner: response.headers.get('x-amz-meta-owner'),
        etag: response.headers.get('etag'),
      })
    })
    return new Map([...seen].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  private async keys(): Promise<string[]> {
    const keys: string[] = []
    for (let after = ''; ; after = keys.at(-1)!) {
      const query = `list-type=2&encoding-type=url&start-after=${encodeURIComponent(after)}`
      const response = await this.client.fetch(`${this.bucket}?${query}`)
      const page = await response.text()
      const found = [...page.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) =>
        decodeURIComponent(key!.replaceAll('+', ' ')),
      )
      keys.push(...found)
      if (!page.includes('<IsTruncated>true')) return keys
    }
  }

  private url(key: string): string {
    return `${this.bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
  }
}

/** Runs work for each element, a few at once. */
async function each<T>(list: T[], work: (element: T) => Promise<void>): Promise<void> {
  const rest = list.values()
  const worker = async (): Promise<void> => {
    for (const element of rest) await work(element)
  }
  await Promise.all(Array.from({length: 8}, worker))
}
