import {readFile} from 'node:fs/promises'
import {parse} from 'dotenv'
import {AquastreamError} from '../errors.js'

/**
 * Reads a .env file. Compose reads the same file, so a line that the two would not understand alike is an
 * error: one that is no assignment, a quote that never closes, `$`, `#` or `\` where one of them sees more
 * than a character.
 *
 * @returns nothing when there is no such file.
 * @throws settings-unreadable, settings-invalid
 */
export async function readEnvFile(path: string): Promise<Record<string, string> | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AquastreamError(
      'settings-unreadable',
      `${path} cannot be read: ${reason(error as NodeJS.ErrnoException)}`,
      {
        hint: `make it a file that you can read: ls -l ${path}`,
        cause: error,
      },
    )
  })
  if (!bytes) return undefined
  const text = decode(bytes, path)
  const line = firstMalformedLine(text)
  if (line > 0) {
    // The line itself is not shown: it may hold a secret.
    throw new AquastreamError('settings-invalid', `line ${line} of ${path} is not a plain NAME=value`, {
      hint: "write one NAME=value per line, and a value with $, #, quotes or spaces in 'single quotes'",
    })
  }
  return parse(text)
}

function reason({code, message}: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {EACCES: 'permission denied', EISDIR: 'it is a directory'}
  return known[code ?? ''] ?? message
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch (error) {
    throw new AquastreamError('settings-invalid', `${path} is not a text in UTF-8`, {
      hint: `see what it is: file ${path}`,
      cause: error,
    })
  }
}

/** Counted from 1; 0 when all are well. */
function firstMalformedLine(text: string): number {
  return text.split(/\r?\n/).findIndex(line => !WELL_FORMED.test(line)) + 1
}

const VALUE = [
  /'(?:[^'\\]|\\(?!'))*'/, // in single quotes every character is itself
  /"[^"\\$]*"/,
  /[^\s'"`#$](?:[^#$]*[^\s#$])?/,
]
  .map(({source}) => source)
  .join('|')

const WELL_FORMED = new RegExp(
  String.raw`^\s*(?:#.*|(?:export\s+)?[A-Za-z_]\w*\s*=\s*(?:${VALUE})?(?:\s+#.*|\s*))?$`,
)
