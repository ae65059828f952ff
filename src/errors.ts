/** What each exit status means. The one table: `--help` and the docs print it, see cli/help.ts. */
export const EXIT_STATUS = {
  0: 'done',
  1: 'a bug in aquastream',
  2: 'wrong usage or configuration',
  3: 'something is missing on this machine: engine, tool, image, port, disk',
  4: 'not healthy',
  5: 'backup failed',
  6: 'restore failed, nothing was changed',
  7: 'archive damaged',
  8: 'busy: another run holds the lock',
  9: 'refused: not confirmed, placeholder secret, policy',
  10: 'no such backup, schema or service',
  130: 'interrupted (SIGINT)',
  143: 'interrupted (SIGTERM)',
} as const

export type ExitStatus = keyof typeof EXIT_STATUS

/** The registry of expected failures: error code to exit status. A code, once published, keeps its meaning. */
export const ERRORS = {
  'secret-shown': 1,
  usage: 2,
  'settings-unreadable': 2,
  'settings-invalid': 2,
  'settings-missing': 2,
  'settings-unwritable': 3,
  'project-in-use': 2,
  'engine-missing': 3,
  'engine-denied': 3,
  'engine-too-old': 3,
  'compose-missing': 3,
  'compose-too-old': 3,
  'image-missing': 3,
  'image-architecture': 3,
  'port-taken': 3,
  'port-unusable': 3,
  'disk-full': 3,
  'tool-missing': 3,
  'tool-too-old': 3,
  'tool-too-new': 3,
  'backup-directory': 3,
  'state-directory': 3,
  'file-unwritable': 3,
  'service-failed': 4,
  'not-healthy': 4,
  'engine-failed': 4,
  'not-deleted': 4,
  timeout: 4,
  'database-unreachable': 4,
  'database-refused': 4,
  'restore-unknown': 4,
  'backup-failed': 5,
  'restore-failed': 6,
  'archive-damaged': 7,
  'backup-too-old': 7,
  busy: 8,
  refused: 9,
  'placeholder-secret': 9,
  'no-such-service': 10,
  'no-such-backup': 10,
  'no-such-schema': 10,
  interrupted: 130,
  terminated: 143,
} as const satisfies Record<string, ExitStatus>

export type ErrorCode = keyof typeof ERRORS

/** One thing that stands in the way: a sentence that names it, and what to type next. */
export interface Problem {
  code: ErrorCode
  message: string
  hint: string
}

/** Text that belongs to a failure and is not a sentence: the last log lines of a service, what a tool printed. */
export interface Evidence {
  title: string
  lines: string[]
}

/**
 * A failure that was foreseen. Whatever else is thrown is a bug (exit 1).
 * Foreign tools' failures are translated where the tool is called, with their last words as evidence.
 */
export class AquastreamError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly evidence: Evidence[]
  /** All of them, when several things stood in the way at once; one otherwise. */
  readonly problems: Problem[]

  constructor(
    code: ErrorCode,
    message: string,
    detail: {hint: string; evidence?: Evidence[]; problems?: Problem[]; cause?: unknown},
  ) {
    super(message, {cause: detail.cause})
    this.name = 'AquastreamError'
    this.code = code
    this.hint = detail.hint
    this.evidence = detail.evidence ?? []
    this.problems = detail.problems ?? [{code, message, hint: detail.hint}]
  }

  get exitCode(): ExitStatus {
    return ERRORS[this.code]
  }

  /** The same failure with other words for what to type next. */
  withHints(change: (hint: string) => string): AquastreamError {
    const {code, message, evidence, cause} = this
    const problems = this.problems.map(problem => ({...problem, hint: change(problem.hint)}))
    return new AquastreamError(code, message, {hint: change(this.hint), evidence, problems, cause})
  }
}

/** Throws all problems as one error, so that nobody mends them one run at a time; the first decides the code. */
export function throwProblems(problems: Problem[]): void {
  const [first] = problems
  if (!first) return
  if (problems.length === 1) throw new AquastreamError(first.code, first.message, {hint: first.hint})
  throw new AquastreamError(first.code, `${problems.length} things stand in the way`, {
    hint: 'mend them in any order, then run the same command again',
    problems,
  })
}
