import {access, constants, stat} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'
import {backupRoot} from '../backup/repository/location.js'
import {SETTINGS} from '../config/settings.js'
import {statePath} from '../config/state.js'
import {freeSpace} from '../system/files/disk.js'
import {succeeds} from '../system/succeeds.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {size} from '../system/text/size.js'
import {type Check, failed, ok, type Patient, warning} from './check.js'
import {isUnreachable} from './engine.js'

/** Less is filled by one backup, or an afternoon of logs. */
const ROOM = 1024 ** 3

export const disk: Check = {
  name: 'disk',
  async look(patient) {
    const {problems} = await patient.plan()
    const places = {state: statePath(patient.request.env), backups: await backupsOf(patient)}
    const free = await Promise.all(Object.values(places).map(async path => freeSpace(await nearest(path))))
    const full = Object.entries(places).flatMap(([name, path], index) =>
      free[index]! < ROOM
        ? warning(
            `${size(free[index]!)} are free for ${name} in ${path}`,
            `see what takes it: du -xh ${shellQuote(path)} | sort -h | tail`,
          )
        : [],
    )
    const found = [...problems.filter(({code}) => code === 'disk-full').map(failed), ...full]
    if (found.length > 0) return found
    const engine = isUnreachable(problems) ? '' : ', and enough where the engine keeps its data'
    return ok(`${size(free[0]!)} are free for state, ${size(free[1]!)} for backups${engine}`)
  },
}

export const state: Check = {
  name: 'state',
  look: async ({request}) =>
    examineDirectory(statePath(request.env), {code: 'state-directory', variable: 'XDG_STATE_HOME'}),
}

export const backups: Check = {
  name: 'backups',
  look: async patient =>
    examineDirectory(await backupsOf(patient), {code: 'backup-directory', variable: 'BACKUP_DIR'}),
}

/** The settings files of this profile that hold secrets. */
export const secrets: Check = {
  name: 'secrets',
  async look(patient) {
    const {layers} = await patient.settings()
    const files = layers
      .slice(1)
      .filter(({values}) => SETTINGS.some(({name, secret}) => secret && values[name]))
    const open = await Promise.all(
      files.map(async ({source}) => isOpen(resolve(patient.request.directory, source))),
    )
    const found = files.flatMap(({source}, index) =>
      open[index]
        ? warning(`others may read ${source}, which holds secrets`, `chmod 600 ${shellQuote(source)}`)
        : [],
    )
    if (found.length > 0) return found
    return ok(
      files.length > 0
        ? `nobody else can read ${files.map(({source}) => source).join(', ')}`
        : 'no file holds any',
    )
  },
}

function backupsOf({request, profile}: Patient): Promise<string> {
  return backupRoot({...request, profile, dir: undefined})
}

async function examineDirectory(
  path: string,
  {code, variable}: {code: 'state-directory' | 'backup-directory'; variable: string},
) {
  const there = await nearest(path)
  const isUsable = await succeeds(access(there, constants.W_OK | constants.X_OK))
  if (!isUsable) {
    const message = there === path ? `${path} cannot be written` : `${path} cannot be made in ${there}`
    return failed({
      code,
      message,
      hint: `see who may: ls -ld ${shellQuote(there)}; ${variable} names another place`,
    })
  }
  if (there !== path) return ok(`${path} will be made when it is needed`)
  if (await isOpen(path)) return warning(`others may look into ${path}`, `chmod 700 ${shellQuote(path)}`)
  return ok(`${path} can be written, and nobody else looks into it`)
}

/** The path itself, or what there is of it. */
async function nearest(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found || path === dirname(path) ? path : nearest(dirname(path))
}

/** Who may only pass through a directory, as PostgreSQL's user must, sees no name in it. */
async function isOpen(path: string): Promise<boolean> {
  // A pipe of --env-file has no mode that says anything.
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && (found.isFile() || found.isDirectory()) && (found.mode & 0o066) !== 0
}
