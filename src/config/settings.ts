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

/** A variable: what it may be, and what people are told about it. */
export interface Setting {
  name: string
  schema: z.ZodType<string>
  group: Group
  about: string
  secret?: true
  /** The value when nobody says otherwise; the compose file has the same one. */
  default?: string
  /** The value in dev, where it differs. */
  devDefault?: string
  /** Where its absence is an error; it has no default then. In dev, a needed secret is generated. */
  neededIn?: readonly Profile[]
  /** The address of a third party: secrets go there, and money depends on it. */
  thirdParty?: true
  /** The profile that has what it concerns; the others ignore it. */
  onlyIn?: Profile
  /** The db commands alone read it; the compose file has no such variable. */
  readBy?: 'cli'
}

/** The mocks inside the network of the stack. */
export const MOCKS_HOST = 'mocks'
const MOCKS = `http://${MOCKS_HOST}:8090`

const real = ['stage', 'prod'] as const
const all = ['dev', ...real] as const

const oneLine = z.string().regex(/^[^\0\r\n]+$/, 'must be one line')
const identifier = z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, _ and -')
const memory = z.string().regex(/^[1-9]\d*[mg]$/, 'must be a size such as 512m or 2g')
const image = z.string().regex(/^[\w./:@-]+$/, 'must be an image reference')
const port = z
  .string()
  .refine(text => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535, 'must be a port, 1 to 65535')

/** The fewest characters of a secret that stage and prod accept. */
export const SECRET_LENGTHS: Readonly<Record<string, number>> = {
  POSTGRES_PASSWORD: 16,
  REDIS_PASSWORD: 16,
  S3_SECRET_KEY: 16,
  JWT_SECRET: 32,
}

/** The one list of variables that aquastream and its compose file read; .env.example is made from it. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'AQUASTREAM_PROFILE',
    schema: z.string().refine(isProfile, 'must be dev, stage or prod'),
    group: 'profile',
    about: 'profile of this file: dev, stage or prod',
    default: 'dev',
  },
  {
    name: 'AQUASTREAM_PROJECT',
    schema: z.string().regex(PROJECT, PROJECT_RULE),
    group: 'profile',
    about: 'name of the Compose project, for a second checkout beside the first; else aquastream-<profile>',
  },

  ownSecret('POSTGRES_PASSWORD', 'password of the database user'),
  ownSecret('REDIS_PASSWORD', 'password of Redis'),
  ownSecret('S3_SECRET_KEY', 'secret key of the object store'),
  ownSecret('JWT_SECRET', 'key that signs the tokens of users'),

  theirSecret('TELEGRAM_BOT_TOKEN', 'token of the Telegram bot, from @BotFather'),
  account('TELEGRAM_BOT_USERNAME', 'name of the Telegram bot, without @', 'aquastream_dev_bot'),
  api('TELEGRAM_API_URL', 'API of Telegram', 'https://api.telegram.org', MOCKS),
  account('YOOKASSA_SHOP_ID', 'shop id of YooKassa', '100500'),
  theirSecret('YOOKASSA_SECRET_KEY', 'secret key of YooKassa'),
  api('YOOKASSA_API_URL', 'API of YooKassa', 'https://api.yookassa.ru/v3', `${MOCKS}/v3`),
  account('CLOUDPAYMENTS_PUBLIC_ID', 'public id of CloudPayments', 'pk_aquastream_dev'),
  theirSecret('CLOUDPAYMENTS_API_SECRET', 'API secret of CloudPayments'),
  api(
    'CLOUDPAYMENTS_API_URL',
    'API of CloudPayments',
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
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z, 0-9, - and .'),
    group: 'database and storage',
    about: 'bucket of media',
    default: 'aquastream-media',
  },

  {
    name: 'BACKUP_DIR',
    schema: oneLine,
    group: 'backups',
    about: 'directory of the backups; each profile has its own below it',
    default: 'backups',
    readBy: 'cli',
  },
  {
    name: 'DATABASE_URL',
    schema: oneLine,
    group: 'backups',
    secret: true,
    about:
      'postgresql://user:password@host:port/database that the db commands use instead of the running stack',
    readBy: 'cli',
  },

  {
    name: 'BIND',
    schema: z.ipv4('must be an IPv4 address'),
    group: 'network',
    about: 'address that the ports are published on; 0.0.0.0 opens them to the network',
    default: '127.0.0.1',
  },
  ...SERVICES.flatMap(({name, kind, ports}) =>
    ports.map(({variable, container}, index): Setting => ({
      name: variable,
      schema: port,
      group: 'network',
      about: `port of ${name}${index === 0 ? '' : "'s console"} on this machine`,
      default: String(container),
      ...ofDev(kind),
    })),
  ),

  {
    name: 'IMAGE_PREFIX',
    schema: z.string().regex(/^[\w.:/-]+\/$/, 'must be a registry, ending in /'),
    group: 'images',
    about: 'put before every image that is not named below, for a mirror registry; ends in /',
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
    about: `image of ${name}, taken as it is written, without IMAGE_PREFIX; else ${usual}`,
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
    // Without the second compiler a start takes 40 % less CPU time; it pays only in long runs.
    devDefault: '-XX:MaxRAMPercentage=75 -XX:TieredStopAtLevel=1',
  },
]

/** Third parties are mocked in dev only. */
function ofDev(kind: Service['kind']): Pick<Setting, 'onlyIn'> {
  return kind === 'mocks' ? {onlyIn: 'dev'} : {}
}

function ownSecret(name: string, about: string): Setting {
  return {
    name,
    schema: oneLine.min(8, 'must have at least 8 characters'),
    group: 'secrets',
    secret: true,
    about: `${about}; in stage and prod at least ${SECRET_LENGTHS[name]} characters`,
    neededIn: all,
  }
}

/** In dev nobody has an account: the mocks take what is generated. */
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

/** The variables that a profile reads. */
export function settingsOf(profile: Profile): Setting[] {
  return SETTINGS.filter(({onlyIn}) => onlyIn === undefined || onlyIn === profile)
}

/** The value of a variable that nobody has set. */
export function defaultOf(setting: Setting, profile: Profile): string | undefined {
  return (profile === 'dev' ? setting.devDefault : undefined) ?? setting.default
}

/** Whether it is a secret that is made on first use when nobody has set it. */
export function isGenerated({secret, neededIn}: Setting, profile: Profile): boolean {
  return profile === 'dev' && secret === true && (neededIn?.includes('dev') ?? false)
}
