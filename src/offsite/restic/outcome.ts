import * as z from '../../system/zod.js'
import {lastLines} from '../../system/text/last-lines.js'

/** How a command of restic ended. */
export interface ResticResult {
  exitCode: number
  /** Empty if the lines were passed on. */
  stdout: string
  stderr: string
}

/** Why a command of restic failed. */
export type ResticFault = 'no-repository' | 'wrong-password' | 'locked' | 'damaged' | 'other'

/** https://restic.readthedocs.io/en/stable/075_scripting.html#exit-codes */
const CODES: Record<number, ResticFault> = {10: 'no-repository', 11: 'locked', 12: 'wrong-password'}

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
  [/invalid data returned\s+Fatal: LoadIndex returned errors/, 'damaged'],
]

/** Returns why a command of restic failed. */
export function faultOf({exitCode, stderr}: ResticResult): ResticFault {
  return CODES[exitCode] ?? TEXTS.find(([text]) => text.test(readable(stderr)))?.[1] ?? 'other'
}

/** Status of a backup that could not read every file; the snapshot exists. */
export const INCOMPLETE = 3

/** Returns the sentence of restic that says why it failed. */
export function reasonIn(stderr: string): string {
  const lines = lastLines(readable(stderr), 12)
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
  error: z.object({message: z.string()}).optional(),
})

function messageIn(line: string): string {
  try {
    const {data} = messageSchema.safeParse(JSON.parse(line))
    return data?.message ?? data?.error?.message ?? line
  } catch {
    return line
  }
}
