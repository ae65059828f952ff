import {stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {setImmediate as breathe} from 'node:timers/promises'
import type {Profile} from '../config/profile.js'
import type {Context} from '../engines/engine.js'
import {openStack} from '../engines/open.js'
import {AquastreamError} from '../errors.js'
import {toTime} from '../logs/since.js'
import {requireServices} from '../stack/names.js'
import {requireNewArchive, writeArchive} from './archive.js'
import {askEngine, collect, type CollectRequest, type Gap, type Part} from './collect.js'
import {masker, type Secret} from './mask/mask.js'
import {findLeaks} from './mask/proof.js'
import {knownSecrets} from './mask/secrets.js'
import {readme} from './readme.js'

export interface BundleRequest extends CollectRequest {
  /** The archive to write; there must be no such file. */
  file: string
}

/** `done` of how far it has come; what is collected is named. */
export type BundleEvent =
  | {step: 'collect'; state: 'running'; path: string}
  | {step: 'collect' | 'check' | 'write'; state: 'started' | 'done'}

export interface BundleReport {
  path: string
  bytes: number
  profile: Profile
  project: string
  files: {path: string; about: string; bytes: number}[]
  /** How often something was masked, by the name of the setting or by what it looked like. */
  masked: Record<string, number>
  missing: Gap[]
}

/** A file as it is sent. */
type File = Omit<Part, 'text'> & {content: Buffer}

/**
 * Writes what somebody needs to find a fault into a new archive, with every secret masked. Nothing is written before
 * all files are searched again for what the masks may have missed.
 *
 * @throws usage, refused, no-such-service, file-unwritable, disk-full; secret-shown: a leak was found
 */
export async function writeBundle(request: BundleRequest, ctx: Context<BundleEvent>): Promise<BundleReport> {
  const {on, signal} = ctx
  const path = resolve(request.directory, request.file)
  await requireNewArchive(path)
  const wanted = {...request, since: request.since === undefined ? undefined : toTime(request.since)}
  const stack = await openStack(request)
  requireServices(request.services, stack.profile, {jobs: true})
  on({step: 'collect', state: 'started'})
  const missing: Gap[] = []
  const known = await askEngine(stack, missing, signal)
  const {secrets, unread} = await knownSecrets(request, known.facts)
  missing.push(...unread.map(why => ({what: 'the secrets of a file, to be masked', why})))
  const bundle = new Bundle(secrets)
  for await (const part of collect(wanted, {stack, known, gaps: missing, signal})) {
    on({step: 'collect', state: 'running', path: part.path})
    bundle.add(part)
    await breathe(undefined, {signal})
  }
  bundle.addFirst(readme({...stack, files: bundle.files, masked: bundle.masked, missing}))
  on({step: 'collect', state: 'done'})
  on({step: 'check', state: 'started'})
  await bundle.prove(signal)
  on({step: 'check', state: 'done'})
  on({step: 'write', state: 'started'})
  await writeArchive(path, bundle.files, signal)
  on({step: 'write', state: 'done'})
  return {
    path,
    bytes: (await stat(path)).size,
    profile: stack.profile,
    project: stack.project,
    files: bundle.files.map(({path: name, about, content}) => ({path: name, about, bytes: content.length})),
    masked: bundle.masked,
    missing,
  }
}

/** The files of an archive that is not written yet. */
class Bundle {
  readonly files: File[] = []
  readonly masked: Record<string, number> = {}
  private readonly mask: ReturnType<typeof masker>

  constructor(private readonly secrets: Secret[]) {
    this.mask = masker(secrets)
  }

  add(part: Part): void {
    this.files.push(this.cover(part))
  }

  addFirst(part: Part): void {
    this.files.unshift(this.cover(part))
  }

  /** @throws secret-shown */
  async prove(signal: AbortSignal): Promise<void> {
    for (const {path, content} of this.files) {
      const names = findLeaks(content.toString('utf8'), this.secrets)
      if (names.length > 0) throw leaks(path, names)
      await breathe(undefined, {signal})
    }
  }

  private cover({path, about, text}: Part): File {
    const masked = this.mask(text)
    for (const [name, count] of masked.counts) this.masked[name] = (this.masked[name] ?? 0) + count
    return {path, about, content: Buffer.from(masked.text)}
  }
}

function leaks(path: string, names: string[]): AquastreamError {
  const service = /^logs\/(.+)\.log$/.exec(path)?.[1]
  const without = service ? `; meanwhile name the services without ${service}, or use --since` : ''
  return new AquastreamError(
    'secret-shown',
    `nothing was written, since ${path} would show ${names.join(', ')}`,
    {
      hint: `this is a bug in what masks: please report the names, and not the values${without}`,
    },
  )
}
