import type {StackContext} from '../engines/stack-context.js'
import {faultOf} from './restic/outcome.js'
import {openRepository, resticError} from './restic/repository.js'
import {listOwnSnapshots} from './restic/snapshots.js'

/** The JSON of `offsite:init`. */
export interface OffsiteInitReport {
  repository: string
  /** False if the repository existed already. */
  created: boolean
}

/**
 * Creates the off-site repository of a stack. A repository that this password opens and that has no snapshots of
 * another project stays as it is.
 * @throws offsite-password, offsite-unreachable, refused; also the errors of `openRepository`
 */
export async function initOffsite(stack: StackContext, signal: AbortSignal): Promise<OffsiteInitReport> {
  const repository = await openRepository(stack, signal)
  const {name} = repository
  // 0.18 would wait for a bucket that does not exist yet, so the first step is the creation. restic has one exit status
  // for all its failures, among them that the repository exists.
  const created = await repository.attempt(['init'], {signal, stallMs: repository.answerMs})
  if (created.exitCode === 0) return {repository: name, created: true}
  const probe = await repository.attempt(['cat', 'config', '--no-lock'], {
    signal,
    stallMs: repository.answerMs,
  })
  if (faultOf(probe) === 'no-repository') throw resticError(name, {...created, exitCode: -1})
  if (probe.exitCode !== 0) throw resticError(name, probe)
  await listOwnSnapshots(repository, stack, signal)
  return {repository: name, created: false}
}
