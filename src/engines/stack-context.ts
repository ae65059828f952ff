import {join, resolve} from 'node:path'
import {expandHome} from '../config/expand-home.js'
import {
  type Layer,
  PROJECT,
  PROJECT_RULE,
  projectName,
  requireSameProfile,
  SettingsFiles,
  valueOf,
} from '../config/layers.js'
import {type Profile, PROFILES} from '../config/profile.js'
import {AquastreamError} from '../errors.js'
import {shellQuote} from '../system/text/shell-quote.js'

/** What a command was given to select its stack, its backups and its database server. */
export interface StackRequest {
  flags: {
    /** The profile of `--profile`, else of AQUASTREAM_PROFILE. */
    profile: Profile | undefined
    /** The file of `--env-file`; it must exist. */
    envFile: string | undefined
    /** The directory of `--dir`. */
    dir: string | undefined
    /** The URL of `--database-url`. */
    databaseUrl: string | undefined
  }
  env: NodeJS.ProcessEnv
  directory: string
}

type ProfileSource = '--profile' | 'the environment' | 'the running stack' | 'default'

interface FoundProfile {
  profile: Profile
  source: ProfileSource
}

/**
 * The stack of one command. A command looks it up once and passes it on: two look-ups could find two different stacks
 * if one starts in between.
 */
export class StackContext {
  readonly profile: Profile
  /** What determined the profile. */
  readonly profileSource: ProfileSource
  /** The settings files of the command, of every profile. */
  readonly files: SettingsFiles
  /** The sources of the settings of this profile, in order of precedence. */
  readonly layers: Layer[]

  constructor(
    private readonly request: StackRequest,
    {profile, source}: FoundProfile,
    {files, layers}: {files: SettingsFiles; layers: Layer[]},
  ) {
    this.profile = profile
    this.profileSource = source
    this.files = files
    this.layers = layers
  }

  get env(): NodeJS.ProcessEnv {
    return this.request.env
  }

  /** The directory against which relative paths of flags and settings are resolved. */
  get directory(): string {
    return this.request.directory
  }

  get envFile(): string | undefined {
    return this.request.flags.envFile
  }

  /** The settings file to change or to create. */
  get settingsFile(): string {
    return this.envFile ?? `.env.${this.profile}`
  }

  /**
   * The name that separates this stack from every other stack on the machine.
   * @throws settings-invalid
   */
  get project(): string {
    return projectOf(this.layers, this.profile)
  }

  /** The engine that the settings name for stage and prod. */
  get engineSetting(): string | undefined {
    return valueOf(this.layers, 'AQUASTREAM_ENGINE')
  }

  /**
   * The path of the repository of backups of this profile, which need not exist.
   * @throws settings-invalid
   */
  get backups(): string {
    const dir = this.request.flags.dir ?? valueOf(this.layers, 'BACKUP_DIR') ?? 'backups'
    return join(resolve(this.directory, expandHome(dir)), this.profile)
  }

  /**
   * The database server to use instead of that of the stack. `typed` is true if the URL was given as an argument,
   * which must not contain a password.
   * @throws settings-invalid
   */
  get databaseUrl(): {url: string; typed: boolean} | undefined {
    const {databaseUrl: typed} = this.request.flags
    if (typed !== undefined) return {url: typed, typed: true}
    const url = valueOf(this.layers, 'DATABASE_URL')
    return url === undefined ? undefined : {url, typed: false}
  }

  /** The settings file, or `the environment`, that names a database server to use instead of that of the stack. */
  get databaseUrlSource(): string | undefined {
    return this.layers.find(({values}) => values.DATABASE_URL)?.source
  }

  /** The same stack with the database server that its services use, also if `DATABASE_URL` names another one. */
  get onOwnServer(): StackContext {
    const layers = this.layers.map(({values, ...layer}) => ({
      ...layer,
      values: {...values, DATABASE_URL: ''},
    }))
    const flags = {...this.request.flags, databaseUrl: undefined}
    return new StackContext(
      {...this.request, flags},
      {profile: this.profile, source: this.profileSource},
      {files: this.files, layers},
    )
  }

  /** The flags that make another command use the same settings and the same repository, quoted for a shell. */
  get repositoryFlags(): string {
    const {envFile, dir} = this.request.flags
    return `--profile ${this.profile}${flag('env-file', envFile)}${flag('dir', dir)}`
  }

  /** The flags that make another command also use the same server, quoted for a shell. */
  get serverFlags(): string {
    return `${this.repositoryFlags}${flag('database-url', this.request.flags.databaseUrl)}`
  }

  /**
   * The variables of the environment that select the repository and the server. `serverFlags` does not repeat them, because
   * a URL can contain a password.
   */
  get serverVariables(): string[] {
    const {dir, databaseUrl} = this.request.flags
    const flags = {AQUASTREAM_PROJECT: undefined, BACKUP_DIR: dir, DATABASE_URL: databaseUrl}
    return Object.entries(flags).flatMap(([name, value]) => {
      const source = this.layers.find(({values}) => values[name])?.source
      return value === undefined && source === 'the environment' ? [name] : []
    })
  }
}

/** Returns a flag with its value, quoted for a shell and with a space before it; an empty text if it was not given. */
function flag(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` --${name} ${shellQuote(value)}`
}

/**
 * Looks up the stack of a command. Its profile is the requested one, otherwise the only one that is running, otherwise
 * dev.
 * @throws settings-unreadable, settings-invalid; the reason of the signal
 */
export async function resolveStack(request: StackRequest, signal: AbortSignal): Promise<StackContext> {
  const files = new SettingsFiles(request.flags.envFile, request.env, request.directory)
  const found = await findProfile(request, files, signal)
  const layers = await files.layersOf(found.profile, signal)
  requireSameProfile(layers, found.profile)
  return new StackContext(request, found, {files, layers})
}

async function findProfile(
  {flags: {profile}, env}: StackRequest,
  files: SettingsFiles,
  signal: AbortSignal,
): Promise<FoundProfile> {
  if (profile !== undefined) {
    return {profile, source: env.AQUASTREAM_PROFILE === profile ? 'the environment' : '--profile'}
  }
  const running = await onlyRunning(files, env, signal)
  return running ? {profile: running, source: 'the running stack'} : {profile: 'dev', source: 'default'}
}

async function onlyRunning(
  files: SettingsFiles,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Profile | undefined> {
  // With a given profile a command may need no engine, and loads none.
  const [{runningProjects}, {isAnythingRunning}, {stacksInSwarm}] = await Promise.all([
    import('./compose/containers/states.js'),
    import('./embedded/states.js'),
    import('./swarm/cluster/services.js'),
  ])
  // A Swarm that this machine cannot read is no reason to refuse dev; for its stacks the profile can be given.
  const projects = await Promise.all([
    runningProjects(),
    stacksInSwarm().catch(() => new Map<string, string>()),
  ])
  const running = new Map(projects.flatMap(found => [...found]))
  const profiles = await Promise.all(
    PROFILES.map(async profile => {
      const project = projectOf(await files.layersOf(profile, signal), profile)
      const isOurs =
        running.get(project) === profile || (profile === 'dev' && (await isAnythingRunning(project, env)))
      return isOurs ? [profile] : []
    }),
  )
  const [first, ...others] = profiles.flat()
  return others.length === 0 ? first : undefined
}

/** Other lines of the files are not checked, since commands that only read or stop a stack need nothing else. */
function projectOf(layers: Layer[], profile: Profile): string {
  const given = valueOf(layers, 'AQUASTREAM_PROJECT')
  if (given !== undefined && !PROJECT.test(given)) {
    throw new AquastreamError('settings-invalid', `AQUASTREAM_PROJECT ${PROJECT_RULE}`, {
      hint: 'correct AQUASTREAM_PROJECT, or unset it',
    })
  }
  return projectName(given, profile)
}
