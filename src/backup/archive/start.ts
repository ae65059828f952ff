import {AquastreamError} from '../../errors.js'
import {shellQuote} from '../../system/text/shell-quote.js'
import {type ArchiveFile, damaged} from './read.js'

/** A form of a file that is not SQL. */
interface Form {
  name: string
  matches: (head: Buffer) => boolean
  /** The command that converts a file to SQL on stdout. */
  command: string
}

type Archive = Pick<ArchiveFile, 'path' | 'encoding'>

/** The number of bytes that determine the form: the mark of a tar archive is in the first block. */
const HEAD = 512

/**
 * Forms by their first bytes, see magic(5). `pg_dump --format tar` writes tar archives.
 */
const FORMS: Form[] = [
  {name: 'xz', matches: startsWith('\xfd7zXZ'), command: 'xz -dc'},
  {name: 'bzip2', matches: startsWith('BZh'), command: 'bzip2 -dc'},
  {name: 'lz4', matches: startsWith('\x04\x22\x4d\x18'), command: 'lz4 -dc'},
  {name: 'lzip', matches: startsWith('LZIP'), command: 'lzip -dc'},
  {name: 'lzop', matches: startsWith('\x89LZO'), command: 'lzop -dc'},
  {name: 'compress', matches: startsWith('\x1f\x9d'), command: 'uncompress -c'},
  {name: 'gzip', matches: startsWith('\x1f\x8b'), command: 'gzip -dc'},
  {name: 'zstd', matches: startsWith('\x28\xb5\x2f\xfd'), command: 'zstd -dc'},
  {name: 'zip', matches: startsWith('PK\x03\x04'), command: 'unzip -p'},
  {name: '7-Zip', matches: startsWith('7z\xbc\xaf\x27\x1c'), command: '7z e -so'},
  {
    name: 'tar',
    matches: head => head.toString('latin1', 257, 262) === 'ustar',
    command: 'pg_restore --file -',
  },
  {name: 'custom', matches: startsWith('PGDMP'), command: 'pg_restore --file -'},
  {name: 'OpenPGP', matches: startsWith('-----BEGIN PGP MESSAGE'), command: 'gpg --decrypt'},
  {name: 'age', matches: startsWith('age-encryption.org/'), command: 'age --decrypt'},
]

const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/**
 * Passes on the SQL of an archive without a byte order mark, which some editors add and the server rejects.
 * @throws archive-damaged: the archive is empty; usage: it is not SQL, but a known form of another file
 */
export async function* withoutMark(archive: Archive, sql: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of sql) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < HEAD) continue
    yield checkHead(archive, head)
    head = undefined
  }
  if (head) yield checkHead(archive, head)
}

/** Returns the beginning without a byte order mark. */
function checkHead(archive: Archive, head: Buffer): Buffer {
  if (head.length === 0) throw damaged(archive.path, 'the file is empty')
  if (isUtf16(head)) throw utf16(archive.path)
  const form = FORMS.find(({matches}) => matches(head))
  if (form) throw otherForm(archive, form)
  return head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? head.subarray(BYTE_ORDER_MARK.length)
    : head
}

function otherForm({path, encoding}: Archive, {name, command}: Form): AquastreamError {
  const file = shellQuote(path)
  const conversion = encoding === 'plain' ? `${command} ${file}` : `${encoding} -dc ${file} | ${command}`
  return new AquastreamError('usage', `${path} is not an SQL dump: its format is ${name}`, {
    hint: `convert it, then restore the result with --file: ${conversion} > dump.sql`,
  })
}

/** PowerShell decodes the output of a program before it writes it, so that other characters than ASCII can be lost. */
function utf16(path: string): AquastreamError {
  const error = damaged(path, 'it is UTF-16 text, which pg_dump does not write')
  return error.withHints(
    () => 'create the dump again with pg_dump --file: PowerShell changes the encoding of redirected output',
  )
}

function startsWith(mark: string): (head: Buffer) => boolean {
  const bytes = Buffer.from(mark, 'latin1')
  return head => head.subarray(0, bytes.length).equals(bytes)
}

/** UTF-16 has a byte order mark, or every second byte of ASCII text is 0. */
function isUtf16(head: Buffer): boolean {
  const [a, b, c, d] = head
  return (
    (a === 0xff && b === 0xfe) ||
    (a === 0xfe && b === 0xff) ||
    (a !== 0 && b === 0 && d === 0) ||
    (a === 0 && b !== 0 && c === 0)
  )
}
