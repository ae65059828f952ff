import {AquastreamError} from '../../errors.js'
import {DEPENDENTS, hintFor} from '../../postgres/failures.js'
import {readOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'

/** The dependents of the schemas to restore: objects of other schemas that refer to them. */
export interface Dependents {
  /** These are recreated in the restore transaction. */
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  /** Tables of other schemas that the restore locks against reading and writing: both tables of a foreign key, for example. */
  lockedTables: string[]
  /** Dependents that would be lost, because they cannot be recreated: the restore is refused. */
  refusals: string[]
}

/** The dependents of schemas that do not exist yet. */
export const NO_DEPENDENTS: Dependents = {
  foreignKeys: [],
  triggers: [],
  publications: [],
  lockedTables: [],
  refusals: [],
}

/**
 * Finds the dependents of these schemas on the server.
 * @throws database-unreachable
 */
export async function findDependents(
  server: Server,
  schemas: string[],
  database: string | undefined,
): Promise<Dependents> {
  const program = server.run('restore', ['plan', JSON.stringify(schemas)], {database})
  return JSON.parse(await readOutput(program)) as Dependents
}

/** Creates the error `refused` for dependents of these schemas that cannot be recreated. */
export function dependentsError(schemas: string[], dependents: string[]): AquastreamError {
  const [restored, lost] = [schemas.map(name => JSON.stringify(name)).join(', '), dependents.join(', ')]
  return new AquastreamError('refused', `other schemas depend on ${restored} and would lose: ${lost}`, {
    hint: hintFor({state: DEPENDENTS}, 'restore'),
  })
}
