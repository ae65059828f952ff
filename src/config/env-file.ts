import {parse} from 'dotenv'
import {AquastreamError} from '../errors.js'
import {errnoOf, reasonOf} from '../system/files/file-errors.js'
import {readSmallFile} from '../system/files/read-file.js'
import {shellQuote} from '../system/text/shell-quote.js'

/**
 * Reads the text of a .env file, which may be a pipe. Returns undefined when the file does not exist.
 * @param absent errno codes that mean the same as a file that does not exist
 * @throws settings-unreadable, settings-invalid: the file is not UTF-8; the reason of the signal
 */
export async function readEnvText(
  path: string,
  {absent = [], signal}: {absent?: string[]; signal?: AbortSignal | undefined} = {},
): Promise<string | undefined> {
  try {
    return decode(await readSmallFile(path, signal), path)
  } catch (error) {
    if (error instanceof AquastreamError) throw error
    const code = errnoOf(error) ?? ''
    if (code === 'ENOENT' || absent.includes(code)) return undefined
    throw new AquastreamError('settings-unreadable', `${path} cannot be read: ${reasonOf(error)}`, {
      hint:
        code === 'NO_WRITER'
          ? 'first start the program that writes to the pipe, or specify a regular file'
          : `check its type and permissions: ls -l ${shellQuote(path)}`,
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

/** A variable that several lines set; the last one takes effect. */
export interface RepeatedName {
  name: string
  /** Counted from 1, in ascending order. */
  lines: number[]
}

interface ParsedLines {
  values: Record<string, string>
  malformed: MalformedLine[]
  repeated: RepeatedName[]
}

/**
 * Parses the variables of a .env file. Docker Compose reads the same file, so a line that dotenv and Compose would
 * parse differently is malformed: a line that is not an assignment, an unterminated quote, or `$`, `#` or `\` where
 * one of them gives the character a special meaning.
 */
export function parseLines(text: string): ParsedLines {
  const lines = text.split(/\r?\n/).map((line, index) => ({line, number: index + 1, name: nameIn(line)}))
  const malformed = lines.filter(({line}) => !WELL_FORMED.test(line))
  return {
    values: parse(text),
    malformed: malformed.map(({number, name}) => ({number, name})),
    repeated: findRepeated(lines),
  }
}

function findRepeated(lines: {name: string | undefined; number: number}[]): RepeatedName[] {
  const numbers = new Map<string, number[]>()
  for (const {name, number} of lines)
    if (name !== undefined) numbers.set(name, [...(numbers.get(name) ?? []), number])
  return [...numbers].filter(([, all]) => all.length > 1).map(([name, all]) => ({name, lines: all}))
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
      hint: `check the type of the file: file ${shellQuote(path)}`,
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
