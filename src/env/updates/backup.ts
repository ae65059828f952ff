import type {Change, Engine} from '../../engines/engine.js'
import {AquastreamError} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import {isHealthyOrSkipped, type ServiceState} from '../../stack/state.js'

/** Makes a backup of schemas, and returns its ID. */
export type BackUp = (wanted: {schemas: string[]; label: string}, signal: AbortSignal) => Promise<string>

export type BackupEvent =
  | {type: 'backup'; state: 'started'; schemas: string[]}
  | {type: 'backup'; state: 'done'; id: string; label: string}

/** A service that owns a schema, and the image to which it is updated. */
interface Owner {
  service: string
  schema: string
  image: string
}

/** Selects the services of a plan that own a schema and get another image. */
export function ownersIn(changes: Change[]): Owner[] {
  return changes.flatMap(({service, images}) => {
    const schema = SERVICES.find(({name}) => name === service)?.schema
    return schema !== undefined && images ? [{service, schema, image: images.to}] : []
  })
}

/** Returns the label of a backup before an update to these images: `before-` and their versions. */
export function labelFor(owners: Owner[]): string {
  const versions = [...new Set(owners.map(({image}) => versionOf(image)))]
  return `before-${versions.join('_')}`.slice(0, MAX_LABEL)
}

const MAX_LABEL = 100

/** The tag of an image, else the beginning of its digest or ID. It comes from outside, so only harmless characters stay. */
function versionOf(image: string): string {
  const [, digest] = /sha256:([0-9a-f]{12})/.exec(image) ?? []
  const [, tag] = /:([^/:@]+)$/.exec(image.replace(/@.*$/, '')) ?? []
  return (digest ?? tag ?? 'latest').replace(/[^A-Za-z0-9._-]/g, '-').slice(0, MAX_LABEL / 2)
}

/** Explains the error of a backup that was to be made before an update. */
export function notBegun(error: unknown): unknown {
  if (!(error instanceof AquastreamError)) return error
  const {code, message, hint, evidence, cause} = error
  return new AquastreamError(code, `the update has not begun, because its backup failed: ${message}`, {
    hint: `${hint}; to update without a backup, add --no-backup`,
    evidence,
    cause,
  })
}

/**
 * Adds to the error of a failed update the command that restores what the failed services may have changed. Nothing is to be
 * restored if none of them was replaced.
 */
export async function withRestoreHint(
  error: unknown,
  {
    id,
    owners,
    before: old,
    databaseUrlSource: source,
  }: {id: string; owners: Owner[]; before: ServiceState[]; databaseUrlSource: string | undefined},
  engine: Engine,
): Promise<unknown> {
  if (!(error instanceof AquastreamError)) return error
  const states = await engine.states().catch(() => [])
  const [first, ...others] = owners.filter(({service, image}) => {
    const [was, now] = [old, states].map(list => list.find(state => state.service === service))
    return now && wasReplaced(now, was) && (now.image !== image || !isHealthyOrSkipped(now))
  })
  if (!first) return error
  const what = others.length === 0 ? `--schema ${first.schema}` : '--all'
  const before =
    source === undefined ? '' : `remove DATABASE_URL from ${source}, which names another server, and run `
  return error.withHints(
    hint =>
      `${hint}; to restore the data from before the update: ${before}aquastream db:restore ${what} --from ${id}`,
  )
}

/** Returns whether a service was replaced, even if it has been rolled back since. A container that never ran changed nothing. */
function wasReplaced({id, changedAt, state}: ServiceState, before: ServiceState | undefined): boolean {
  return state !== 'created' && (id !== before?.id || changedAt !== before.changedAt)
}
