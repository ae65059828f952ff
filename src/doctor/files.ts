import {access, constants, stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {SETTINGS} from '../config/settings.js'
import {statePath} from '../config/state.js'
import {hasDanglingLink} from '../system/files/dangling-link.js'
import {freeSpace} from '../system/files/disk.js'
import {nearestExisting} from '../system/files/nearest-existing.js'
import {succeeds} from '../system/succeeds.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {size} from '../system/text/size.js'
import {type Check, failed, ok, skipped, warning} from './check.js'
import {isUnreachable} from './engine.js'

/** Warn below this much free space, in bytes: one backup or a few hours of logs can fill it. */
const ROOM = 1024 ** 3

export const disk: Check = {
  name: 'disk',
  async run(context) {
    const {problems} = await context.plan()
    const places = await Promise.all([
      measure('state', statePath(context.env)),
      measure('backups', (await context.stack()).backups),
    ])
    const known = places.filter(isMeasured)
    // The check of the directory itself says why.
    const unknown = places
      .filter(({free}) => free === undefined)
      .map(({name}) => skipped(`free space for ${name} not checked: see ${name}`))
    const full = known.flatMap(({name, path, free}) =>
      free < ROOM
        ? warning(
            `only ${size(free)} free for ${name} in ${path}`,
            `find what uses the space: du -xh ${shellQuote(path)} | sort -h | tail`,
          )
        : [],
    )
    const found = [...problems.filter(({code}) => code === 'disk-full').map(failed), ...full]
    if (found.length > 0) return [...found, ...unknown]
    const enough = [
      ...known.map(({name, free}) => `${size(free)} free for ${name}`),
      ...(isUnreachable(problems) ? [] : ['enough for the data of the engine']),
    ]
    return [...(enough.length > 0 ? [ok(enough.join(', '))] : []), ...unknown]
  },
}

interface Place {
  name: string
  path: string
  /** In bytes; undefined if the directory cannot be created. */
  free: number | undefined
}

async function measure(name: string, path: string): Promise<Place> {
  const there = nearestExisting(path)
  return {name, path, free: (await hasDanglingLink(path)) ? undefined : await freeSpace(there)}
}

function isMeasured(place: Place): place is Place & {free: number} {
  return place.free !== undefined
}

export const state: Check = {
  name: 'state',
  run: async ({env}) =>
    examineDirectory(statePath(env), {code: 'state-directory', variable: 'XDG_STATE_HOME'}),
}

export const backups: Check = {
  name: 'backups',
  run: async context =>
    examineDirectory((await context.stack()).backups, {code: 'backup-directory', variable: 'BACKUP_DIR'}),
}

/** Checks that only the user can read the settings files that contain secrets. */
export const secrets: Check = {
  name: 'secrets',
  async run(context) {
    const {layers} = await context.settings()
    const files = layers
      .slice(1)
      .filter(({values}) => SETTINGS.some(({name, secret}) => secret && values[name]))
    const open = await Promise.all(files.map(async ({source}) => isOpen(resolve(context.directory, source))))
    const found = files.flatMap(({source}, index) =>
      open[index]
        ? warning(`other users can read ${source}, which contains secrets`, `chmod 600 ${shellQuote(source)}`)
        : [],
    )
    if (found.length > 0) return found
    return ok(
      files.length > 0
        ? `only this user can read ${files.map(({source}) => source).join(', ')}`
        : 'no settings file contains secrets',
    )
  },
}

async function examineDirectory(
  path: string,
  {code, variable}: {code: 'state-directory' | 'backup-directory'; variable: string},
) {
  const there = nearestExisting(path)
  if (await hasDanglingLink(path)) {
    const why = `${there} is a symbolic link to something that does not exist`
    return failed({
      code,
      message: there === path ? why : `${path} cannot be created: ${why}`,
      hint: `mount or create what it refers to: ls -ld ${shellQuote(there)}; or set ${variable} to another directory`,
    })
  }
  const isUsable = await succeeds(access(there, constants.W_OK | constants.X_OK))
  if (!isUsable) {
    const message = there === path ? `${path} is not writable` : `${path} cannot be created in ${there}`
    return failed({
      code,
      message,
      hint: `check its permissions: ls -ld ${shellQuote(there)}; or set ${variable} to another directory`,
    })
  }
  if (there !== path) return ok(`${path} will be created when needed`)
  if (await isOpen(path)) return warning(`other users can list ${path}`, `chmod 700 ${shellQuote(path)}`)
  return ok(`${path} is writable and accessible only to this user`)
}

/** Execute permission for others is fine: the user of PostgreSQL needs it to traverse, and it does not list names. */
async function isOpen(path: string): Promise<boolean> {
  // The mode of a pipe given by --env-file means nothing.
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.isFile() || found.isDirectory()) && (found.mode & 0o066) !== 0
}
