import {lstat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {knownDevSecrets} from '../config/dev-secrets.js'
import type {Profile} from '../config/profile.js'
import {type Setting, defaultOf, isGenerated} from '../config/setting.js'
import {HOW_TO_WRITE, quote, settingsFile} from '../config/settings-file.js'
import {SETTINGS, settingsOf} from '../config/settings.js'
import {newSecret} from '../config/strength.js'
import {AquastreamError, throwProblems} from '../errors.js'
import {createFile} from '../system/files/create-file.js'
import {isDiskFull, reasonOf} from '../system/files/file-errors.js'
import {shellQuote} from '../system/text/shell-quote.js'
import {addToGitignore, isIgnored} from './gitignore.js'
import {questionFor, readGiven, type SettingQuestion} from './init-values.js'

export interface InitRequest {
  profile: Profile
  /** The file to write; by default `.env.<profile>`. */
  envFile: string | undefined
  env: NodeJS.ProcessEnv
  directory: string
  /** `NAME=VALUE` arguments; secrets are rejected. */
  set: string[]
}

/** The contents of a settings file before the user is prompted and before anything is written. */
export interface InitPlan {
  profile: Profile
  /** The path as the user would type it. */
  file: string
  path: string
  values: ReadonlyMap<string, string>
  /** Names of the values that were generated. */
  generated: string[]
  /** Questions about the required settings that have no value and cannot be generated. */
  questions: SettingQuestion[]
  /** Whether git ignores the file; undefined where there is no git. */
  ignored: boolean | undefined
}

export interface InitReport {
  profile: Profile
  file: string
  generated: string[]
  /** Required settings that still have no value. */
  missing: string[]
  /** Null where there is no git. */
  ignored: boolean | null
}

/**
 * Determines the contents of a settings file: given values, generated secrets, and the settings to prompt for. In dev,
 * existing generated secrets are reused, since the data of dev was created with them.
 *
 * @throws refused: the file already exists, or a secret was given as an argument; usage, settings-invalid
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
  const known = profile === 'dev' ? (await knownDevSecrets(env)).values : {}
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
 * Writes the settings file atomically and never overwrites an existing one. .gitignore is changed first: a crash in
 * between then leaves a pattern without a file, and never a file with secrets that git does not ignore.
 *
 * @param answers the values entered by the user, by name
 * @throws refused: the file has been created in the meantime; disk-full, settings-unwritable
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

/** Returns the flags with which other commands read the file, quoted for a shell. */
export function flagsFor(file: string, profile: Profile): string {
  return `--profile ${profile}${file === `.env.${profile}` ? '' : ` --env-file ${shellQuote(file)}`}`
}

async function exists(path: string): Promise<boolean> {
  try {
    // A dangling symbolic link counts as existing.
    await lstat(path)
    return true
  } catch {
    return false
  }
}

function isThere(file: string, profile: Profile): AquastreamError {
  return new AquastreamError('refused', `${file} already exists and is never overwritten`, {
    hint: `show its settings: aquastream env:config ${flagsFor(file, profile)}; to create a new file, rename the old one first`,
  })
}

function head(profile: Profile): string {
  return `\
# Settings of Aquastream for ${profile}, written by aquastream env:init. Keep this file private: it contains secrets.
#
${HOW_TO_WRITE}
#
# Lines that start with #NAME= are optional and show the default. A line NAME= without a value must be filled in.
`
}

/** A required setting without a value stays empty; env:up and Docker Compose reject it as not set. */
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
      throw new AquastreamError('disk-full', `not enough disk space for ${file}; nothing was written`, {
        hint: 'free disk space, then run the command again',
        cause: error,
      })
    }
    throw new AquastreamError('settings-unwritable', `${file} cannot be written: ${reasonOf(error)}`, {
      hint: 'change to a writable directory, or specify a file in one: --env-file PATH',
      cause: error,
    })
  }
}
