import {lstat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {knownDevSecrets} from '../config/dev-secrets.js'
import type {SettingsRequest} from '../config/layers.js'
import type {Profile} from '../config/profile.js'
import {type Setting, defaultOf, isGenerated} from '../config/setting.js'
import {HOW_TO_WRITE, quote, settingsFile} from '../config/settings-file.js'
import {SETTINGS, settingsOf} from '../config/settings.js'
import {newSecret} from '../config/strength.js'
import {AquastreamError, throwProblems} from '../errors.js'
import {createFile} from '../system/files/create-file.js'
import {isDiskFull, reasonOf} from '../system/files/file-errors.js'
import {addToGitignore, isIgnored} from './gitignore.js'
import {questionFor, readGiven, type SettingQuestion} from './init-values.js'

export interface InitRequest extends SettingsRequest {
  /** `NAME=VALUE`, of what is no secret. */
  set: string[]
}

/** What is known before anybody is asked and anything is written. */
export interface InitPlan {
  profile: Profile
  /** As somebody would type it. */
  file: string
  path: string
  values: ReadonlyMap<string, string>
  /** Names of the secrets among them that were made here. */
  generated: string[]
  /** For what the profile needs and only a person knows. */
  questions: SettingQuestion[]
  /** Whether git leaves the file out; undefined where there is no git. */
  ignored: boolean | undefined
}

export interface InitReport {
  profile: Profile
  file: string
  generated: string[]
  /** Needed, and still to be filled in. */
  missing: string[]
  /** Null where there is no git. */
  ignored: boolean | null
}

/**
 * Finds what the settings file of a profile will hold: what was given, generated secrets, and what is left to ask.
 * In dev, secrets that were generated before are kept, since the data of dev was made with them.
 *
 * @throws refused: the file is there already
 */
export async function planInit(request: InitRequest): Promise<InitPlan> {
  const {profile, envFile, env, directory} = request
  const file = envFile ?? `.env.${profile}`
  const path = resolve(directory, file)
  if (await exists(path)) throw isThere(file, profile)
  const {given, problems} = readGiven(request, profile)
  throwProblems(problems)
  const ours = SETTINGS.filter(
    setting => (setting.group === 'secrets' || isGenerated(setting, profile)) && !given.has(setting.name),
  )
  const known = profile === 'dev' ? (await knownDevSecrets(ours, env)).values : {}
  const generated = new Map(ours.map(setting => [setting.name, known[setting.name] || newSecret(setting)]))
  return {
    profile,
    file,
    path,
    values: new Map([
      ['AQUASTREAM_PROFILE', profile],
      ...[...given].map(([name, {value}]) => [name, value] as const),
      ...generated,
    ]),
    generated: [...generated.keys()],
    questions: SETTINGS.filter(
      ({name, neededIn}) => neededIn?.includes(profile) && !given.has(name) && !generated.has(name),
    ).map(setting => questionFor(setting, profile)),
    ignored: await isIgnored(path),
  }
}

/**
 * Writes the file, whole or not at all, and never over another. Git is told first: a crash between the two leaves
 * a rule without a file, and no file of secrets without a rule.
 *
 * @param answers what a person said, by name
 * @throws refused: somebody made the file meanwhile; disk-full, settings-unwritable
 */
export async function writeInit(
  plan: InitPlan,
  {answers, gitignore}: {answers: ReadonlyMap<string, string>; gitignore: boolean},
): Promise<InitReport> {
  const {profile, file, path, generated, questions} = plan
  if (gitignore && plan.ignored === false) await addToGitignore(path)
  const values = new Map([...plan.values, ...answers])
  const assignment = (setting: Setting): string => line(setting, values.get(setting.name), profile)
  const text = settingsFile(head(profile), assignment, settingsOf(profile))
  if (!(await create(path, file, text))) throw isThere(file, profile)
  return {
    profile,
    file,
    generated,
    missing: questions.map(({name}) => name).filter(name => !values.has(name)),
    ignored: (gitignore ? await isIgnored(path) : plan.ignored) ?? null,
  }
}

/** What makes other commands read the file. */
export function flagsFor(file: string, profile: Profile): string {
  return `--profile ${profile}${file === `.env.${profile}` ? '' : ` --env-file ${file}`}`
}

async function exists(path: string): Promise<boolean> {
  try {
    // A link that leads nowhere is something, too.
    await lstat(path)
    return true
  } catch {
    return false
  }
}

function isThere(file: string, profile: Profile): AquastreamError {
  return new AquastreamError('refused', `there is a ${file} already, and it is never overwritten`, {
    hint: `see what it says: aquastream env:config ${flagsFor(file, profile)}; for a new one, move it away first`,
  })
}

function head(profile: Profile): string {
  return `\
# Settings of Aquastream for ${profile}, written by aquastream env:init. Keep this file private: it holds secrets.
#
${HOW_TO_WRITE}
#
# What begins with #NAME= is optional; the value shown is the default. NAME= without # is to be filled in.
`
}

/** What is needed and not known stays empty: env:up and Compose refuse that as not set. */
function line(setting: Setting, value: string | undefined, profile: Profile): string {
  if (value !== undefined) return `${setting.name}=${quote(value)}`
  if (setting.neededIn?.includes(profile)) return `${setting.name}=`
  return `#${setting.name}=${quote(defaultOf(setting, profile) ?? '') ?? ''}`
}

async function create(path: string, file: string, text: string): Promise<boolean> {
  try {
    return await createFile(path, text)
  } catch (error) {
    if (isDiskFull(error)) {
      throw new AquastreamError('disk-full', `there is no room for ${file}; nothing was written`, {
        hint: 'make room on its disk, then run the same command again',
        cause: error,
      })
    }
    throw new AquastreamError('settings-unwritable', `${file} cannot be written: ${reasonOf(error)}`, {
      hint: 'go to a directory that you can write to, or name a file in one: --env-file PATH',
      cause: error,
    })
  }
}
