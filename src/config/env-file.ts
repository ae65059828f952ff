import {readFile} from 'node:fs/promises'
import {parse} from 'dotenv'
import {AquastreamError} from '../errors.js'
import {errnoOf, reasonOf} from '../system/files/file-errors.js'

/**
 * The text of a .env file; nothing when there is no such file.
 * @throws settings-unreadable
 */
export async function readEnvText(path: string): Promise<string | undefined> {
  try {
    return decode(await readFile(path), path)
  } catch (error) {
    if (error instanceof AquastreamError) throw error
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new AquastreamError('settings-unreadable', `${path} cannot be read: ${reasonOf(error)}`, {
      hint: `make it a file that you can read: ls -l ${path}`,
      cause: error,
    })
  }
}

/**
 * The variables of a .env file. Compose reads the same file, so a line that the two would not understand
 * alike is an error: one that is no assignment, a quote that never closes, `$`, `#` or `\` where one of them
 * sees more than a character.
 *
 * @param concerns which lines are looked at so closely, by the name that they set; a line that sets none has none
 * @throws settings-invalid
 */
export function parseEnv(
  text: string,
  path: string,
  concerns: (name: string | undefined) => boolean = () => true,
): Record<string, string> {
  const malformed = text.split(/\r?\n/).findIndex(line => !WELL_FORMED.test(line) && concerns(nameIn(line)))
  if (malformed < 0) return parse(text)
  // The line itself is not shown: it may hold a secret.
  throw new AquastreamError(
    'settings-invalid',
    `line ${malformed + 1} of ${path} is not a plain NAME=value`,
    {
      hint: "write one NAME=value per line, and a value with $, #, quotes or spaces in 'single quotes'",
    },
  )
}

/** Both at once, for a file that is ours alone. */
export async function readEnvFile(path: string): Promise<Record<string, string> | undefined> {
  const text = await readEnvText(path)
  return text === undefined ? undefined : parseEnv(text, path)
}

function nameIn(line: string): string | undefined {
  return /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1]
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
