import {hostname} from 'node:os'
import type {UpdateRecord, UpdateResult} from '../../engine.js'
import {succeeds} from '../../../system/succeeds.js'
import {userName} from '../../../system/user-name.js'
import * as z from '../../../system/zod.js'
import {get, post} from '../../api/client.js'
import {type Stored, storedSchema} from '../objects.js'
import {LABEL, labelsOf, type ServiceSpec} from '../translate/spec.js'
import {deriveResults} from './results.js'
import {readStack} from './services.js'
import {contentOf, create, listStored, removeStored} from './store.js'

/** The number of updates that are kept. */
const KEPT = 20

/** The labels with the result of each service: the data of a config cannot change, but its labels can. */
const RESULT = 'aquastream.result.'

/** One service of an update, with the complete specifications, which contain no secret. */
export interface RecordedChange {
  service: string
  from: ServiceSpec | null
  to: ServiceSpec
}

const specSchema = z.unknown().transform(value => value as ServiceSpec)
const dataSchema = z.object({
  at: z.string(),
  by: z.string(),
  command: z.string(),
  changes: z.array(z.object({service: z.string(), from: specSchema.nullable(), to: specSchema})),
})

/** An update with the specifications, which a rollback applies again. */
export interface StoredUpdate extends z.infer<typeof dataSchema> {
  id: string
  /** When it was recorded, by the clock of a manager. */
  createdAt: string
  results: Record<string, UpdateResult>
}

/**
 * Records an update before it begins, so that a command that is killed leaves a trace.
 * @returns a function that records the result of a service
 */
export async function recordUpdate(
  project: string,
  command: string,
  changes: RecordedChange[],
): Promise<(service: string, result: UpdateResult) => Promise<void>> {
  if (changes.length === 0) return async () => undefined
  await succeeds(recordOpenResults(project))
  const at = new Date().toISOString()
  const name = `${project}_history_${at.replace(/\D/g, '')}`
  const data = JSON.stringify({at, by: `${userName()}@${hostname()}`, command, changes})
  const labels = {...labelsOf(project), [LABEL.kind]: 'history'}
  const id = await create('configs', {name, data, labels})
  // Labels are set one after the other, because each change needs the version of the one before.
  let last = Promise.resolve()
  return async (service, result) => {
    // The history only describes the update, so it must not end it.
    last = last.then(async () => addLabel(id, RESULT + service, result)).catch(() => undefined)
    return last
  }
}

/** After the next update, what came of the one before can no longer be seen. */
async function recordOpenResults(project: string): Promise<void> {
  const [stored, stack] = await Promise.all([listStored('configs', project), readStack(project)])
  const records = new Map(stored.map(({ID: id, Spec: {Name: name}}) => [idOf(name), id]))
  for (const {update, service, result} of deriveResults(updatesIn(stored), stack))
    await addLabel(records.get(update.id)!, RESULT + service, result)
}

async function addLabel(id: string, label: string, value: string): Promise<void> {
  const what = 'record the result of an update'
  const {Spec: spec, Version: version} = await get(`/configs/${id}`, storedSchema.element, {what})
  const Labels = {...spec.Labels, [label]: value}
  await post(
    `/configs/${id}/update`,
    {...spec, Labels},
    {
      what,
      params: {version: String(version.Index)},
    },
  )
}

/** Reads the updates of a stack, newest first. */
export async function readUpdates(project: string, signal?: AbortSignal): Promise<StoredUpdate[]> {
  return updatesIn(await listStored('configs', project, signal))
}

function updatesIn(stored: Stored[]): StoredUpdate[] {
  const updates = stored.filter(isHistory).map(record => {
    const {Name: name, Labels: labels} = record.Spec
    return {
      ...dataSchema.parse(JSON.parse(contentOf(record))),
      id: idOf(name),
      createdAt: record.CreatedAt,
      results: Object.fromEntries(
        Object.entries(labels)
          .filter(([label]) => label.startsWith(RESULT))
          .map(([label, result]) => [label.slice(RESULT.length), result as UpdateResult]),
      ),
    }
  })
  return updates.sort((a, b) => b.at.localeCompare(a.at))
}

/** Returns the updates of a stack for the user, newest first. */
export async function listUpdates(project: string, signal?: AbortSignal): Promise<UpdateRecord[]> {
  const [updates, stack] = await Promise.all([readUpdates(project, signal), readStack(project, signal)])
  const derived = deriveResults(updates, stack)
  const resultOf = (id: string, name: string): UpdateResult | undefined =>
    derived.find(({update, service}) => update.id === id && service === name)?.result
  return updates.map(({id, at, by, command, changes, results}) => ({
    id,
    at,
    by,
    command,
    changes: changes.map(({service, from, to}) => ({
      service,
      from: from?.Labels[LABEL.image] ?? null,
      to: to.Labels[LABEL.image]!,
      result: resultOf(id, service) ?? results[service] ?? 'unknown',
    })),
  }))
}

function idOf(name: string): string {
  return name.slice(name.lastIndexOf('_') + 1)
}

function isHistory({Spec: {Labels: labels}}: Stored): boolean {
  return labels[LABEL.kind] === 'history'
}

/**
 * Removes old updates, and the secrets and configs that neither a service nor a kept update uses. Swarm refuses to remove
 * what a service uses.
 */
export async function prune(project: string, signal: AbortSignal): Promise<void> {
  const [configs, secrets] = await Promise.all([
    listStored('configs', project, signal),
    listStored('secrets', project, signal),
  ])
  const history = configs.filter(isHistory).sort((a, b) => b.Spec.Name.localeCompare(a.Spec.Name))
  await removeStored('configs', history.slice(KEPT), signal)
  const used = history.slice(0, KEPT).map(contentOf).join('')
  const isUnused = ({Spec: {Name: name}}: Stored): boolean => !used.includes(`"${name}"`)
  await removeStored('secrets', secrets.filter(isUnused), signal)
  const files = configs.filter(({Spec: {Labels: labels}}) => labels[LABEL.kind] === undefined)
  await removeStored('configs', files.filter(isUnused), signal)
}
