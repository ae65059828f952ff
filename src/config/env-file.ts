import {readFile} from 'node:fs/promises'
import {parse} from 'dotenv'
import {AquastreamError} from '../errors.js'
import {errnoOf, reasonOf} from '../system/files/file-errors.js'

/**
 * Reads the text of a .env file. Returns undefined when the file does not exist.
 * @throws settings-unreadable, settings-invalid: the file is not UTF-8
 */
export async function readEnvText(path: string): Promise<string | undefined> {
  try {
    return decode(await readFile(path), path)
  } catch (error) {
    if (error instanceof AquastreamError) throw error
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new AquastreamError('settings-unreadable', `${path} cannot be read: ${reasonOf(error)}`, {
      hint: `check its type and permissions: ls -l ${path}`,
      cause: error,
    })
  }
}

/**
 * Parses the variables of a .env file. Docker Compose reads the same file, so a line that dotenv and Compose would
 * parse differently is an error: a line that is not an assignment, an unterminated quote, or `$`, `#` or `\` where
 * one of them gives the character a special meaning.
 *
 * @param concerns selects the lines that are checked, by the name that a line sets; undefined for a line that sets none
 * @throws settings-invalid: the line number is named, the line is not shown
 */
export function parseEnv(
  text: string,
  path: string,
  concerns: (name: string | undefined) => boolean = () => true,
): Record<string, string> {
  const malformed = text.split(/\r?\n/).findIndex(line => !WELL_FORMED.test(line) && concerns(nameIn(line)))
  if (malformed < 0) return parse(text)
  // The line is not shown: it may contain a secret.
  throw new AquastreamError(
    'settings-invalid',
    `line ${malformed + 1} of ${path} is not a valid NAME=value assignment`,
    {
      hint: "write one NAME=value per line; put a value with $, #, quotes or spaces in 'single quotes'",
    },
  )
}

/** Reads and parses a file that only aquastream uses. Returns undefined when it does not exist. */
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
    throw new AquastreamError('settings-invalid', `${path} is not valid UTF-8 text`, {
      hint: `check the type of the file: file ${path}`,
      cause: error,
    })
  }
}

const VALUE = [
  /'(?:[^'\\]|\\(?!'))*'/, // in single quotes every character is literal
  /"[^"\\$]*"/,
  /[^\s'"`#$](?:[^#$]*[^\s#$])?/,
]
  .map(({source}) => source)
  .join('|')

const WELL_FORMED = new RegExp(
  String.raw`^\s*(?:#.*|(?:export\s+)?[A-Za-z_]\w*\s*=\s*(?:${VALUE})?(?:\s+#.*|\s*))?$`,
)
