import {stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {setImmediate as yieldToEventLoop} from 'node:timers/promises'
import type {Profile} from '../config/profile.js'
import type {Context} from '../engines/engine.js'
import {openEngine} from '../engines/open.js'
import {AquastreamError} from '../errors.js'
import {toTime} from '../logs/since.js'
import {requireServices} from '../stack/names.js'
import {requireNewArchive, writeArchive} from './archive.js'
import {askEngine, collect, type CollectRequest, type MissingPart, type BundleFile} from './collect.js'
import {masker, type Secret} from '../system/mask/mask.js'
import {findLeaks} from './leak-check.js'
import {knownSecrets} from '../engines/secrets/known-secrets.js'
import {readme} from './readme.js'

export interface BundleRequest extends CollectRequest {
  /** The archive to write; the file must not exist. */
  file: string
}

/** The progress of a support bundle; `running` names the file that has been collected. */
export type BundleEvent =
  | {step: 'collect'; state: 'running'; path: string}
  | {step: 'collect' | 'check' | 'write'; state: 'started' | 'done'}

export interface BundleReport {
  path: string
  bytes: number
  profile: Profile
  project: string
  files: {path: string; about: string; bytes: number}[]
  /** The number of masked places, by the name of the setting or by the kind of secret. */
  masked: Record<string, number>
  missing: MissingPart[]
}

/** A file of the bundle with all secrets masked. */
type File = Omit<BundleFile, 'text'> & {content: Buffer}

/**
 * Writes a support bundle: a new archive with everything that helps to find a fault, with every secret masked. Before
 * anything is written, all files are searched again for secrets that the masks may have missed.
 *
 * @throws usage, refused, no-such-service, file-unwritable, disk-full; secret-shown: an unmasked secret was found
 */
export async function writeBundle(request: BundleRequest, ctx: Context<BundleEvent>): Promise<BundleReport> {
  const {on, signal} = ctx
  const {stack} = request
  const path = resolve(stack.directory, request.file)
  await requireNewArchive(path)
  const wanted = {...request, since: request.since === undefined ? undefined : toTime(request.since)}
  const {profile, project} = stack
  const engine = await openEngine(stack)
  requireServices(request.services, profile, {jobs: true, engine: engine.name})
  on({step: 'collect', state: 'started'})
  const missing: MissingPart[] = []
  const known = await askEngine(engine, {stack, gaps: missing, signal})
  const {secrets, unread} = await knownSecrets(stack, known.facts)
  missing.push(...unread.map(why => ({what: 'secrets of a settings file, so they may not be masked', why})))
  const bundle = new Bundle(secrets)
  for await (const part of collect(wanted, {engine, known, gaps: missing, signal})) {
    on({step: 'collect', state: 'running', path: part.path})
    bundle.add(part)
    await yieldToEventLoop(undefined, {signal})
  }
  bundle.addFirst(readme({profile, project, files: bundle.files, masked: bundle.masked, missing}))
  on({step: 'collect', state: 'done'})
  on({step: 'check', state: 'started'})
  await bundle.checkForLeaks(signal)
  on({step: 'check', state: 'done'})
  on({step: 'write', state: 'started'})
  await writeArchive(path, bundle.files, signal)
  on({step: 'write', state: 'done'})
  return {
    path,
    bytes: (await stat(path)).size,
    profile,
    project,
    files: bundle.files.map(({path: name, about, content}) => ({path: name, about, bytes: content.length})),
    masked: bundle.masked,
    missing,
  }
}

/** The masked files of an archive that has not been written yet. */
class Bundle {
  readonly files: File[] = []
  readonly masked: Record<string, number> = {}
  private readonly mask: ReturnType<typeof masker>

  constructor(private readonly secrets: Secret[]) {
    this.mask = masker(secrets)
  }

  add(part: BundleFile): void {
    this.files.push(this.cover(part))
  }

  addFirst(part: BundleFile): void {
    this.files.unshift(this.cover(part))
  }

  /** @throws secret-shown */
  async checkForLeaks(signal: AbortSignal): Promise<void> {
    for (const {path, content} of this.files) {
      const names = findLeaks(content.toString('utf8'), this.secrets)
      if (names.length > 0) throw leaks(path, names)
      await yieldToEventLoop(undefined, {signal})
    }
  }

  private cover({path, about, text}: BundleFile): File {
    const masked = this.mask(text)
    for (const [name, count] of masked.counts) this.masked[name] = (this.masked[name] ?? 0) + count
    return {path, about, content: Buffer.from(masked.text)}
  }
}

function leaks(path: string, names: string[]): AquastreamError {
  const service = /^logs\/(.+)\.log$/.exec(path)?.[1]
  const without = service ? `; until it is fixed, omit the service ${service} or use --since` : ''
  return new AquastreamError(
    'secret-shown',
    `nothing was written, because ${path} would reveal ${names.join(', ')}`,
    {
      hint: `this is a bug in the masking: report the names, but not the values${without}`,
    },
  )
}
