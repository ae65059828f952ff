import {resolve} from 'node:path'
import {AquastreamError, throwProblems} from '../errors.js'
import {type MalformedLine, malformedError, parseLines, readEnvText, type RepeatedName} from './env-file.js'
import type {Profile} from './profile.js'

/** One source of variables; `source` is its name in messages. */
export interface Layer {
  source: string
  values: Record<string, string | undefined>
  /** Set for the secrets that aquastream generates on first use. */
  generated?: true
  /** Set for a settings file. */
  file?: {
    path: string
    /** Whether the file is `.env`, which other programs read, too. */
    isShared: boolean
    malformed: MalformedLine[]
    repeated: RepeatedName[]
  }
}

/** The settings files of one command. Each is read only once, since `--env-file` may be a pipe, `<(decrypt …)`. */
export class SettingsFiles {
  private readonly texts = new Map<string, ReturnType<typeof readEnvText>>()

  constructor(
    private readonly envFile: string | undefined,
    private readonly env: NodeJS.ProcessEnv,
    private readonly directory: string,
  ) {}

  /**
   * Reads the sources that may set a variable, in order of precedence: the environment, `--env-file`,
   * `.env.<profile>`, `.env`. Malformed lines are not reported here.
   * @throws settings-unreadable, settings-invalid: the file is not UTF-8; the reason of the signal
   */
  async layersOf(profile: Profile, signal?: AbortSignal): Promise<Layer[]> {
    const layers: Layer[] = [{source: 'the environment', values: this.env}]
    for (const name of [this.envFile, `.env.${profile}`, '.env']) {
      // `--env-file` may name one of the other files.
      if (name === undefined || layers.some(({file}) => file?.path === resolve(this.directory, name)))
        continue
      const layer = await this.read(name, signal)
      if (layer) layers.push(layer)
    }
    return layers
  }

  private async read(name: string, signal: AbortSignal | undefined): Promise<Layer | undefined> {
    const path = resolve(this.directory, name)
    const isShared = name === '.env' && name !== this.envFile
    // A directory .env is a virtual environment of Python.
    const text = await this.textOf(path, {absent: isShared ? ['EISDIR'] : [], signal})
    if (text !== undefined) {
      const {values, ...lines} = parseLines(text)
      return {source: name, values, file: {path, isShared, ...lines}}
    }
    if (name !== this.envFile) return undefined
    throw new AquastreamError('settings-unreadable', `${name} does not exist`, {
      hint: 'specify the settings file: --env-file PATH',
    })
  }

  private textOf(...[path, options]: Parameters<typeof readEnvText>): ReturnType<typeof readEnvText> {
    const text = this.texts.get(path) ?? readEnvText(path, options)
    this.texts.set(path, text)
    return text
  }
}

/**
 * Requires that lines of the settings files are valid assignments.
 * @param isNeeded selects the lines, by the name that a line sets; undefined for a line that sets none
 * @throws settings-invalid: the line number is named, the line is not shown
 */
export function requireWellFormed(
  layers: Layer[],
  isNeeded: (name: string | undefined, file: {isShared: boolean}) => boolean,
): void {
  for (const {file} of layers) {
    const line = file?.malformed.find(({name}) => isNeeded(name, file))
    if (file && line) throw malformedError(file.path, line)
  }
}

/**
 * Requires that no settings file is for another profile: its server and its project must not meet the backups of this one.
 * @throws settings-invalid
 */
export function requireSameProfile(layers: Layer[], profile: Profile): void {
  const others = layers.filter(
    ({file, values}) => file && values.AQUASTREAM_PROFILE && values.AQUASTREAM_PROFILE !== profile,
  )
  throwProblems(
    others.map(({source, values: {AQUASTREAM_PROFILE: other}}) => ({
      code: 'settings-invalid',
      message: `${source} is for the profile ${other}, not for ${profile}`,
      hint: `use --profile ${other}, or correct AQUASTREAM_PROFILE in the file`,
    })),
  )
}

/** Returns a warning for each variable that a settings file sets on several lines. */
export function repeatedNames(layers: Layer[]): string[] {
  return layers.flatMap(({source, file}) =>
    (file?.repeated ?? []).map(({name, lines}) => {
      const others = lines.slice(0, -1).join(', ')
      const last = lines.at(-1)
      return `${source} sets ${name} on lines ${others} and ${last}; only line ${last} takes effect`
    }),
  )
}

/**
 * Returns the value of one variable; malformed lines that set other variables are ignored.
 * @throws settings-invalid: the line that sets it cannot be parsed
 */
export function valueOf(layers: Layer[], variable: string): string | undefined {
  requireWellFormed(layers, name => name === variable)
  return layers.find(({values}) => values[variable])?.values[variable]
}

/** A project name that Docker Compose accepts, short enough for the names derived from it. */
export const PROJECT = /^[a-z0-9][a-z0-9_-]{0,59}$/
export const PROJECT_RULE = 'must be at most 60 lower-case letters, digits, _ and -'

/** Returns the configured project name, or the default name of the profile. */
export function projectName(given: string | undefined, profile: Profile): string {
  return given ?? `aquastream-${profile}`
}
