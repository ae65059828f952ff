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

/** A line that is not a valid assignment. */
export interface MalformedLine {
  /** Counted from 1. */
  number: number
  /** The variable that the line sets; undefined if it sets none. */
  name: string | undefined
}

/**
 * Parses the variables of a .env file. Docker Compose reads the same file, so a line that dotenv and Compose would
 * parse differently is malformed: a line that is not an assignment, an unterminated quote, or `$`, `#` or `\` where
 * one of them gives the character a special meaning.
 */
export function parseLines(text: string): {values: Record<string, string>; malformed: MalformedLine[]} {
  const malformed = text
    .split(/\r?\n/)
    .flatMap((line, index) => (WELL_FORMED.test(line) ? [] : [{number: index + 1, name: nameIn(line)}]))
  return {values: parse(text), malformed}
}

/**
 * Parses the variables of a .env file of which every line must be a valid assignment.
 * @throws settings-invalid
 */
export function parseEnv(text: string, path: string): Record<string, string> {
  const {values, malformed} = parseLines(text)
  if (malformed[0]) throw malformedError(path, malformed[0])
  return values
}

/** The line is not shown, because it may contain a secret. */
export function malformedError(path: string, {number}: MalformedLine): AquastreamError {
  return new AquastreamError(
    'settings-invalid',
    `line ${number} of ${path} is not a valid NAME=value assignment`,
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
