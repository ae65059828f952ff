import {randomBytes} from 'node:crypto'
import {readdir, rm} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {createStateDirectory, stateDirectory, statePath} from '../../../config/state.js'
import {AquastreamError} from '../../../errors.js'
import {errnoOf, reasonOf} from '../../../system/files/file-errors.js'
import {readSmallFile} from '../../../system/files/read-file.js'
import {DRAFT, replaceFile} from '../../../system/files/replace-file.js'
import {parseJson} from '../../../system/text/parse-json.js'
import {shellQuote} from '../../../system/text/shell-quote.js'
import * as z from '../../../system/zod.js'

/** The number of updates that are kept. */
const KEPT = 20

/** An image: its name when it ran, and its ID, because the name can get another content. */
const imageSchema = z.object({
  image: z.string(),
  id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Its digests in registries, from which it can be pulled again. */
  digests: z.array(z.string()),
})

const updateSchema = z.object({
  format: z.literal(1),
  at: z.iso.datetime(),
  by: z.string(),
  command: z.string(),
  changes: z.array(
    z.object({
      service: z.string(),
      from: imageSchema,
      to: imageSchema,
      result: z.enum(['completed', 'rolled back', 'failed', 'unknown']),
    }),
  ),
})

export type RecordedImage = z.infer<typeof imageSchema>

/** The content of the file of one update. */
export type RecordedUpdate = z.infer<typeof updateSchema>

/** The files of one stack. */
export interface Place {
  project: string
  env: NodeJS.ProcessEnv
}

/** Returns the directory of a stack. No project has a dot in its name, so none has this directory for its own data. */
export function historyPath({project, env}: Place): string {
  return join(statePath(env), '.history', project)
}

/** Creates the directory of a stack if necessary. */
export async function createHistory(place: Place): Promise<void> {
  await stateDirectory(place.env)
  await createStateDirectory(historyPath(place), 0o700)
}

/** Returns an ID for a new update; IDs sort by time. */
export function newId(at: string): string {
  return `${at.replace(/\D/g, '')}-${randomBytes(2).toString('hex')}`
}

/** The name of the file of an update, or of its draft. */
const FILE = /^\d{17}-[0-9a-f]{4}\.json/

/**
 * Writes an update. Each has a file of its own, so that two commands at once do not lose the update of the other, and a
 * damaged file loses no other update.
 * @throws state-directory
 */
export async function writeUpdate(place: Place, id: string, update: RecordedUpdate): Promise<void> {
  await createHistory(place)
  const path = join(historyPath(place), `${id}.json`)
  await replaceFile(path, `${JSON.stringify(update)}\n`).catch((error: unknown) => {
    throw new AquastreamError('state-directory', `${path} cannot be written: ${reasonOf(error)}`, {
      hint: 'free space, or set XDG_STATE_HOME to a writable directory: without its history, an update could not be rolled back',
      cause: error,
    })
  })
}

/**
 * Reads the updates of a stack, newest first, and the paths of the files that are damaged or cannot be read.
 * @throws state-directory: the directory cannot be read
 */
export async function readUpdates(
  place: Place,
): Promise<{updates: (RecordedUpdate & {id: string})[]; damaged: string[]}> {
  const names = (await list(place)).filter(name => name.endsWith('.json'))
  const files = await Promise.all(names.map(async name => read(join(historyPath(place), name))))
  const found = files.filter(file => file !== undefined)
  return {
    updates: found.flatMap(({path, update}) => (update ? [{...update, id: basename(path, '.json')}] : [])),
    damaged: found.filter(({update}) => !update).map(({path}) => path),
  }
}

/** Returns undefined if another command has removed the file meanwhile. */
async function read(path: string): Promise<{path: string; update: RecordedUpdate | undefined} | undefined> {
  try {
    const text = (await readSmallFile(path)).toString()
    return {path, update: updateSchema.safeParse(parseJson(text)).data}
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? undefined : {path, update: undefined}
  }
}

/** Lists the files of updates, newest first, with the drafts that a killed command has left. */
async function list(place: Place): Promise<string[]> {
  const path = historyPath(place)
  const names = await readdir(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw new AquastreamError('state-directory', `${path} cannot be read: ${reasonOf(error)}`, {
      hint: `check the owner and permissions: ls -la ${shellQuote(path)}`,
      cause: error,
    })
  })
  return names
    .filter(name => FILE.test(name))
    .sort()
    .reverse()
}

/** Removes old updates, with their drafts. */
export async function prune(place: Place): Promise<void> {
  const names = await list(place)
  const isOld = (name: string): boolean => {
    const newer = names.filter(other => other.endsWith('.json') && other > name.replace(DRAFT, ''))
    return newer.length >= KEPT
  }
  for (const name of names.filter(isOld)) await rm(join(historyPath(place), name), {force: true})
}
