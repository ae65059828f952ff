import * as z from '../../../system/zod.js'
import {hasStatus} from '../../api/client.js'
import type {Node} from '../objects.js'
import {LABEL, labelsOf} from '../translate/spec.js'
import {contentOf, create, listStored, removeStored} from './store.js'

const recordSchema = z.object({node: z.string(), name: z.string()})

/** The node on which the data services of a stack were started first: its ID, and its name at that time. */
export type DataRecord = z.infer<typeof recordSchema>

/** Returns the name of the config that has the record of a stack. It outlives the services, as the volumes do. */
export function recordName(project: string): string {
  return `${project}_data-node`
}

/** Reads on which node the data of a stack is; undefined before its first start. */
export async function readRecord(project: string, signal?: AbortSignal): Promise<DataRecord | undefined> {
  const found = await findRecord(project, signal)
  return found && recordSchema.parse(JSON.parse(contentOf(found)))
}

/** Records on which node the data of a stack is. */
export async function writeRecord(
  project: string,
  {ID: node, Description: {Hostname: name}}: Node,
  signal: AbortSignal,
): Promise<void> {
  const labels = {...labelsOf(project), [LABEL.kind]: 'data-node'}
  const data = JSON.stringify({node, name})
  await create('configs', {name: recordName(project), data, labels}, signal).catch((error: unknown) => {
    if (!hasStatus(error, 409)) throw error
  })
}

/** Removes the record of a stack whose volumes are deleted. */
export async function removeRecord(project: string, signal: AbortSignal): Promise<void> {
  const found = await findRecord(project, signal)
  if (found) await removeStored('configs', [found], signal)
}

async function findRecord(project: string, signal?: AbortSignal) {
  const stored = await listStored('configs', project, signal)
  return stored.find(({Spec: {Name: name}}) => name === recordName(project))
}
