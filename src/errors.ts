/** The meaning of each exit status. `--help` and the documents are generated from this table, see cli/help.ts. */
export const EXIT_STATUS = {
  0: 'done',
  1: 'a bug in aquastream',
  2: 'invalid usage or configuration',
  3: 'a requirement is not met: engine, tool, image, port or disk space',
  4: 'not healthy',
  5: 'backup failed',
  6: 'restore failed; nothing was changed',
  7: 'archive damaged',
  8: 'busy: another command holds the lock',
  9: 'refused: not confirmed, a placeholder instead of a secret, or an operation that is not allowed',
  10: 'no such backup, schema, service or update',
  11: 'the local backup is complete, its off-site copy failed',
  130: 'interrupted (SIGINT)',
  143: 'interrupted (SIGTERM)',
} as const

export type ExitStatus = keyof typeof EXIT_STATUS

/** The registry of expected failures: maps each error code to its exit status. A published code keeps its meaning. */
export const ERRORS = {
  'secret-shown': 1,
  usage: 2,
  'settings-unreadable': 2,
  'settings-invalid': 2,
  'settings-missing': 2,
  'offsite-password': 2,
  'settings-unwritable': 3,
  'project-in-use': 2,
  'engine-missing': 3,
  'engine-denied': 3,
  'engine-too-old': 3,
  'compose-missing': 3,
  'compose-too-old': 3,
  'compose-unknown': 3,
  'swarm-inactive': 3,
  'swarm-node': 3,
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
  'working-directory': 3,
  'service-failed': 4,
  'not-healthy': 4,
  'engine-failed': 4,
  'not-deleted': 4,
  timeout: 4,
  'database-unreachable': 4,
  'database-refused': 4,
  'restore-unknown': 4,
  'offsite-unreachable': 4,
  'backup-failed': 5,
  'restore-failed': 6,
  'archive-damaged': 7,
  'backup-too-old': 7,
  'offsite-damaged': 7,
  busy: 8,
  refused: 9,
  'placeholder-secret': 9,
  'no-such-service': 10,
  'no-such-backup': 10,
  'no-such-schema': 10,
  'no-such-repository': 10,
  'no-such-update': 10,
  'offsite-failed': 11,
  interrupted: 130,
  terminated: 143,
} as const satisfies Record<string, ExitStatus>

export type ErrorCode = keyof typeof ERRORS

/** One problem that prevents a command from continuing: a sentence that describes it, and a hint on what to do. */
export interface Problem {
  code: ErrorCode
  message: string
  hint: string
}

/** Output that is attached to a failure, such as the last log lines of a service or the stderr of a tool. */
export interface Evidence {
  title: string
  lines: string[]
}

/**
 * An expected failure. Any other exception is a bug (exit status 1).
 * Failures of external tools are translated where the tool is called, with the end of their output as evidence.
 */
export class AquastreamError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly evidence: Evidence[]
  /** Every problem that was found; a single one unless several were found at once. */
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

  /** Returns a copy of this failure whose hints have been rewritten by `change`. */
  withHints(change: (hint: string) => string): AquastreamError {
    const {code, message, evidence, cause} = this
    const problems = this.problems.map(problem => ({...problem, hint: change(problem.hint)}))
    return new AquastreamError(code, message, {hint: change(this.hint), evidence, problems, cause})
  }

  /** Returns a copy of this failure with other evidence. */
  withEvidence(evidence: Evidence[]): AquastreamError {
    const {code, message, hint, problems, cause} = this
    return new AquastreamError(code, message, {hint, evidence, problems, cause})
  }
}

/**
 * Throws all problems as one error, so that they can be fixed in one go. Does nothing when the list is empty.
 * @throws AquastreamError with the code of the first problem
 */
export function throwProblems(problems: Problem[]): void {
  const [first] = problems
  if (!first) return
  if (problems.length === 1) throw new AquastreamError(first.code, first.message, {hint: first.hint})
  throw new AquastreamError(first.code, `${problems.length} problems found`, {
    hint: 'fix them in any order, then run the command again',
    problems,
  })
}

/** Returns whether another command keeps this one from its work. */
export function isBusy(error: unknown): boolean {
  return error instanceof AquastreamError && error.code === 'busy'
}

/**
 * Returns the error to report of a change that has failed: that of an interruption if the user has ended it. An engine that
 * could not leave everything as it was says more than that, so its own error stays.
 */
export function orInterruption(
  error: unknown,
  {signal, message, hint}: {signal: AbortSignal; message: string; hint: string},
): unknown {
  const isOwn = error instanceof AquastreamError && error.exitCode >= 130 && error !== signal.reason
  return signal.aborted && !isOwn ? interruption(signal, message, hint) : error
}

/**
 * Returns the error of a change that was interrupted.
 * @param signal the signal that has aborted the change; its reason determines the code
 * @param message what was interrupted, and what it left
 */
export function interruption(signal: AbortSignal, message: string, hint: string): AquastreamError {
  return new AquastreamError((signal.reason as AquastreamError).code, `interrupted while ${message}`, {hint})
}
