import * as z from '../../system/zod.js'
import {lastLines} from '../../system/text/last-lines.js'
import {parseJson} from '../../system/text/parse-json.js'

/** How a command of restic ended. */
export interface ResticResult {
  exitCode: number
  /** Empty if the lines were passed on. */
  stdout: string
  stderr: string
}

/** Why a command of restic failed. */
export type ResticFault = 'credentials' | 'no-repository' | 'wrong-password' | 'locked' | 'damaged' | 'other'

/** https://restic.readthedocs.io/en/stable/075_scripting.html#exit-codes */
const CODES: Record<number, ResticFault> = {10: 'no-repository', 11: 'locked', 12: 'wrong-password'}

/** Answers of S3 and of REST servers: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const CREDENTIALS =
  /Access Key Id you provided does not exist|request signature we calculated does not match|unexpected HTTP response \(401\)/

/**
 * The texts of restic before 0.17, which has no exit statuses for these cases; no version has one for damage. From
 * cmd/restic/global.go, internal/repository/key.go, internal/restic/lock.go and cmd/restic/cmd_check.go.
 */
const TEXTS: [RegExp, ResticFault][] = [
  // Printed for every reason why the file config cannot be opened, such as a network failure.
  [/unable to open config file: .*(?:no such file or directory|does not exist|Not Found)/, 'no-repository'],
  // 0.18 takes it for a failure that passes, and tries again.
  [/specified bucket does not exist/, 'no-repository'],
  [/^Fatal: wrong password or no key found/m, 'wrong-password'],
  [/repository is already locked/, 'locked'],
  [/^Fatal: repository contains errors/m, 'damaged'],
  // A line about a new attempt shows a fault that can be over.
  [
    /^(?!.*, retrying after ).*(?:LoadIndex returned errors|invalid data returned|ciphertext verification failed)/m,
    'damaged',
  ],
]

/** Returns why a command of restic failed. */
export function faultOf({exitCode, stderr}: ResticResult): ResticFault {
  const output = readable(stderr)
  if (CREDENTIALS.test(output)) return 'credentials'
  return CODES[exitCode] ?? TEXTS.find(([text]) => text.test(output))?.[1] ?? 'other'
}

/** Returns whether a disk is full: the one to which restic restores, or that has its repository. */
export function isDiskFull({stderr}: ResticResult): boolean {
  return /no space left on device/i.test(stderr)
}

/** Status of a backup that could not read every file; the snapshot exists. */
export const INCOMPLETE = 3

const UNREAD = 'at least one source file could not be read'

/** A line of the stack that Go prints below an error. */
const STACK_FRAME = /^(?:\t|goroutine \d|runtime[./]|main\.|github\.com\/|golang\.org\/)/

/** Joins the first three sentences. */
function listOf(sentences: string[]): string {
  const others = sentences.length - 3
  return [...sentences.slice(0, 3), ...(others > 0 ? [`and ${others} more`] : [])].join('; ')
}

/** Returns the sentence of restic that says why it failed. */
export function reasonIn(stderr: string): string {
  const output = readable(stderr)
  const unread = [...new Set(output.match(/^cannot read .*$/gm))]
  if (unread.length > 0 && output.includes(UNREAD)) return listOf(unread)
  const text = output.split('\n').filter(line => !STACK_FRAME.test(line))
  const lines = lastLines(text.join('\n'), 12)
  const reason = lines.find(line => line.startsWith('Fatal: ')) ?? lines.at(-1) ?? 'restic gave no reason'
  return reason.replace(/^(?:Fatal: )+/, '')
}

/** Returns why restic tried again; from internal/backend/retry/backend_retry.go. */
export function retryReasonIn(stderr: string): string | undefined {
  const reasons = lastLines(readable(stderr), 12).map(line => /, retrying after [^:]+: (.*)$/.exec(line)?.[1])
  return reasons.findLast(reason => reason !== undefined)
}

/** Returns the last lines of stderr, for the evidence of an error. */
export function evidenceOf({stderr}: ResticResult): {title: string; lines: string[]}[] {
  const lines = lastLines(readable(stderr), 12)
  return lines.length > 1 ? [{title: 'output of restic', lines}] : []
}

/** Returns stderr as text: since 0.17, commands with --json write errors as JSON. */
export function readable(stderr: string): string {
  return stderr
    .split('\n')
    .map(line => (line.startsWith('{') ? messageIn(line) : line))
    .join('\n')
}

const messageSchema = z.object({
  message: z.string().optional(),
  /** 0.14 has no message of an error. */
  error: z.object({message: z.string().optional()}).optional(),
  /** The file that could not be read. */
  item: z.string().optional(),
})

function describe(message: string | undefined): string {
  return message === undefined ? '' : `: ${message}`
}

function messageIn(line: string): string {
  const {data} = messageSchema.safeParse(parseJson(line))
  if (data?.item !== undefined) return `cannot read ${data.item}${describe(data.error?.message)}`
  return data?.message ?? data?.error?.message ?? line
}
