import {type Service, SERVICES} from '../stack/catalogue.js'
import * as z from '../system/zod.js'
import {PROJECT, PROJECT_RULE} from './layers.js'
import {isProfile, type Profile} from './profile.js'

export type Group =
  | 'profile'
  | 'secrets'
  | 'third parties'
  | 'database and storage'
  | 'backups'
  | 'network'
  | 'images'
  | 'limits'

/** One setting: its name, its accepted values and its description. */
export interface Setting {
  name: string
  schema: z.ZodType<string>
  group: Group
  about: string
  secret?: true
  /** The default value; the Compose file has the same one. */
  default?: string
  /** The default in dev, where it differs. */
  devDefault?: string
  /** The profiles that require it; a required setting has no default. In dev a required secret is generated. */
  neededIn?: readonly Profile[]
  /** The URL of a third party, which receives secrets and payments. */
  thirdParty?: true
  /** The only profile that uses it; the others ignore it. */
  onlyIn?: Profile
  /** Read only by the db commands; the Compose file does not use it. */
  readBy?: 'cli'
}

/** The host name of the mocks in the network of the stack. */
export const MOCKS_HOST = 'mocks'
const MOCKS = `http://${MOCKS_HOST}:8090`

const real = ['stage', 'prod'] as const
const all = ['dev', ...real] as const

const oneLine = z.string().regex(/^[^\0\r\n]+$/, 'must be one line')
const identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,62}$/, 'must be at most 63 lower-case letters, digits, _ and -')
const memory = z.string().regex(/^[1-9]\d*[mg]$/, 'must be a size such as 512m or 2g')
const image = z.string().regex(/^[\w./:@-]+$/, 'must be an image reference')
const port = z
  .string()
  .refine(text => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535, 'must be a port number, 1 to 65535')

/** The minimum length of a secret in stage and prod, in characters. */
export const SECRET_LENGTHS: Readonly<Record<string, number>> = {
  POSTGRES_PASSWORD: 16,
  REDIS_PASSWORD: 16,
  S3_SECRET_KEY: 16,
  JWT_SECRET: 32,
}

/** Every variable that aquastream and its Compose file read; .env.example is generated from this list. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'AQUASTREAM_PROFILE',
    schema: z.string().refine(isProfile, 'must be dev, stage or prod'),
    group: 'profile',
    about: 'profile that this file belongs to: dev, stage or prod',
    default: 'dev',
  },
  {
    name: 'AQUASTREAM_PROJECT',
    schema: z.string().regex(PROJECT, PROJECT_RULE),
    group: 'profile',
    about: 'project name, to run a second stack of one profile; aquastream-<profile> if not set',
  },

  ownSecret('POSTGRES_PASSWORD', 'password of the database user'),
  ownSecret('REDIS_PASSWORD', 'password of Redis'),
  ownSecret('S3_SECRET_KEY', 'secret key of the object store'),
  ownSecret('JWT_SECRET', 'key that signs user tokens'),

  theirSecret('TELEGRAM_BOT_TOKEN', 'token of the Telegram bot, issued by @BotFather'),
  account('TELEGRAM_BOT_USERNAME', 'user name of the Telegram bot, without @', 'aquastream_dev_bot'),
  api('TELEGRAM_API_URL', 'URL of the Telegram API', 'https://api.telegram.org', MOCKS),
  account('YOOKASSA_SHOP_ID', 'shop ID at YooKassa', '100500'),
  theirSecret('YOOKASSA_SECRET_KEY', 'secret key at YooKassa'),
  api('YOOKASSA_API_URL', 'URL of the YooKassa API', 'https://api.yookassa.ru/v3', `${MOCKS}/v3`),
  account('CLOUDPAYMENTS_PUBLIC_ID', 'public ID at CloudPayments', 'pk_aquastream_dev'),
  theirSecret('CLOUDPAYMENTS_API_SECRET', 'API secret at CloudPayments'),
  api(
    'CLOUDPAYMENTS_API_URL',
    'URL of the CloudPayments API',
    'https://api.cloudpayments.ru',
    `${MOCKS}/cloudpayments`,
  ),

  {
    name: 'POSTGRES_USER',
    schema: identifier,
    group: 'database and storage',
    about: 'user that owns the database',
    default: 'aquastream',
  },
  {
    name: 'POSTGRES_DB',
    schema: identifier,
    group: 'database and storage',
    about: 'name of the database',
    default: 'aquastream',
  },
  {
    name: 'S3_ACCESS_KEY',
    schema: oneLine.min(3, 'must have at least 3 characters'),
    group: 'database and storage',
    about: 'access key of the object store',
    default: 'aquastream',
  },
  {
    name: 'S3_BUCKET',
    schema: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        'must be a bucket name: 3 to 63 characters of a-z, 0-9, - and .',
      ),
    group: 'database and storage',
    about: 'bucket for media files',
    default: 'aquastream-media',
  },

  {
    name: 'BACKUP_DIR',
    schema: oneLine,
    group: 'backups',
    about: 'directory for backups; each profile has its repository in a subdirectory',
    default: 'backups',
    readBy: 'cli',
  },
  {
    name: 'DATABASE_URL',
    schema: oneLine,
    group: 'backups',
    secret: true,
    about:
      'server for the db commands instead of the running stack: postgresql://user:password@host:port/database',
    readBy: 'cli',
  },

  {
    name: 'BIND',
    schema: z.ipv4('must be an IPv4 address'),
    group: 'network',
    about: 'address on which ports are published; 0.0.0.0 exposes them to the network',
    default: '127.0.0.1',
  },
  ...SERVICES.flatMap(({name, kind, ports}) =>
    ports.map(({variable, container}, index): Setting => ({
      name: variable,
      schema: port,
      group: 'network',
      about: `port of ${index === 0 ? name : `the ${name} console`} on this machine`,
      default: String(container),
      ...ofDev(kind),
    })),
  ),

  {
    name: 'IMAGE_PREFIX',
    schema: z.string().regex(/^[\w.:/-]+\/$/, 'must be a registry and end with /'),
    group: 'images',
    about: 'prefix for every image that is not set below, for a mirror registry; must end with /',
  },
  {
    name: 'BACKEND_VERSION',
    schema: z.string().regex(/^\w[\w.-]{0,127}$/, 'must be an image tag'),
    group: 'images',
    about: 'tag of the backend images',
    default: 'latest',
  },
  ...SERVICES.map(({name, kind, imageVariable, image: usual}): Setting => ({
    name: imageVariable,
    schema: image,
    group: 'images',
    about: `image of ${name}, used without IMAGE_PREFIX; ${usual} if not set`,
    ...ofDev(kind),
  })),

  limit('POSTGRES_MEMORY', 'memory limit of PostgreSQL', '1g'),
  limit('REDIS_MEMORY', 'memory limit of Redis', '256m'),
  limit('MINIO_MEMORY', 'memory limit of MinIO', '512m'),
  limit('BACKEND_MEMORY', 'memory limit of each backend', '768m'),
  {
    name: 'BACKEND_JAVA_OPTIONS',
    schema: oneLine,
    group: 'limits',
    about: 'options of each JVM (JAVA_TOOL_OPTIONS)',
    default: '-XX:MaxRAMPercentage=75',
    // Without the C2 compiler a start takes 40 % less CPU time; C2 pays off only in long runs.
    devDefault: '-XX:MaxRAMPercentage=75 -XX:TieredStopAtLevel=1',
  },
]

/** Third parties are mocked only in dev. */
function ofDev(kind: Service['kind']): Pick<Setting, 'onlyIn'> {
  return kind === 'mocks' ? {onlyIn: 'dev'} : {}
}

function ownSecret(name: string, about: string): Setting {
  return {
    name,
    schema: oneLine.min(8, 'must have at least 8 characters'),
    group: 'secrets',
    secret: true,
    about: `${about}; at least ${SECRET_LENGTHS[name]} characters in stage and prod`,
    neededIn: all,
  }
}

/** In dev there are no accounts: the mocks accept the generated secrets. */
function theirSecret(name: string, about: string): Setting {
  return {name, schema: oneLine, group: 'third parties', about, secret: true, neededIn: all}
}

function account(name: string, about: string, devDefault: string): Setting {
  return {name, schema: oneLine, group: 'third parties', about, neededIn: real, devDefault}
}

function api(name: string, about: string, real: string, mocked: string): Setting {
  const schema = z.url({protocol: /^https?$/, error: 'must be an http(s) URL'})
  return {name, schema, group: 'third parties', about, default: real, devDefault: mocked, thirdParty: true}
}

function limit(name: string, about: string, value: string): Setting {
  return {name, schema: memory, group: 'limits', about, default: value}
}

/** Returns the settings that a profile uses. */
export function settingsOf(profile: Profile): Setting[] {
  return SETTINGS.filter(({onlyIn}) => onlyIn === undefined || onlyIn === profile)
}

/** Returns the default of a setting in a profile, or undefined. */
export function defaultOf(setting: Setting, profile: Profile): string | undefined {
  return (profile === 'dev' ? setting.devDefault : undefined) ?? setting.default
}

/** Returns whether a setting is a secret that is generated on first use when it is not set. */
export function isGenerated({secret, neededIn}: Setting, profile: Profile): boolean {
  return profile === 'dev' && secret === true && (neededIn?.includes('dev') ?? false)
}
