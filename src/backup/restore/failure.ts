import {AquastreamError} from '../../errors.js'
import {causeIn, DEPENDENTS, evidenceLines, findSqlError, hintFor} from '../../postgres/failures.js'

/** The failure of a replay that psql has ended; its cause is the error of the server, when it was one. */
export function replayFailed(ended: {exitCode: number; stderr: string}): AquastreamError {
  const error = findSqlError(ended)
  if (error?.state === DEPENDENTS)
    return new AquastreamError('refused', error.message, {hint: hintFor(error, 'restore')})
  return new AquastreamError('restore-failed', error?.message ?? causeIn(ended.stderr), {
    hint: error
      ? hintFor(error, 'restore')
      : 'fix the error reported by psql, then run the same command again',
    evidence: [{title: 'psql says', lines: evidenceLines(ended.stderr)}],
    cause: error,
  })
}
