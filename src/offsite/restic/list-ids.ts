import type {Repository} from './repository.js'

/**
 * Lists the IDs of all locks or snapshots in a repository, also of those that restic cannot read. Unlike `restic
 * snapshots`, this command fails if restic cannot list them.
 * @throws the errors of a failed command
 */
export async function listIds(
  repository: Repository,
  kind: 'locks' | 'snapshots',
  signal: AbortSignal,
): Promise<string[]> {
  const text = await repository.run(['list', kind, '--no-lock'], {signal, stallMs: repository.answerMs})
  return text.split('\n').filter(line => /^[0-9a-f]{64}$/.test(line))
}
