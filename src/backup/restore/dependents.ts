import {AquastreamError} from '../../errors.js'
import {DEPENDENTS, hintFor} from '../../postgres/failures.js'
import {readOutput} from '../../postgres/output.js'
import type {Server} from '../../postgres/server.js'

/** What other schemas have that needs the restored ones. */
export interface Dependents {
  /** Made again inside the transaction. */
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  /** Would be lost, and cannot be made again. */
  refusals: string[]
}

export const NO_DEPENDENTS: Dependents = {foreignKeys: [], triggers: [], publications: [], refusals: []}

export async function findDependents(
  server: Server,
  schemas: string[],
  database: string | undefined,
): Promise<Dependents> {
  const program = server.run('restore', ['plan', JSON.stringify(schemas)], {database})
  return JSON.parse(await readOutput(program)) as Dependents
}

/** What of other schemas would be lost with the restored one, and cannot be made again. */
export function dependentsError(names: string): AquastreamError {
  return new AquastreamError('refused', `other schemas hold on to it, and would lose ${names}`, {
    hint: hintFor({state: DEPENDENTS}, 'restore'),
  })
}
