import {z} from 'zod'
import {type Service, SERVICES} from '../stack/catalogue.js'
import {PROJECT, PROJECT_RULE} from './layers.js'
import {isProfile, type Profile} from './profile.js'
import {
  account,
  api,
  identifier,
  image,
  limit,
  memory,
  oneLine,
  ownSecret,
  port,
  theirSecret,
} from './setting-kinds.js'
import type {Setting} from './setting.js'

/** The mocks inside the network of the stack. */
export const MOCKS_HOST = 'mocks'
const MOCKS = `http://${MOCKS_HOST}:8090`

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
  api('TELEGRAM_API_URL', 'API of Telegram', {real: 'https://api.telegram.org', mocked: MOCKS}),
  account('YOOKASSA_SHOP_ID', 'shop id of YooKassa', '100500'),
  theirSecret('YOOKASSA_SECRET_KEY', 'secret key of YooKassa'),
  api('YOOKASSA_API_URL', 'API of YooKassa', {
    real: 'https://api.yookassa.ru/v3',
    mocked: `${MOCKS}/v3`,
  }),
  account('CLOUDPAYMENTS_PUBLIC_ID', 'public id of CloudPayments', 'pk_aquastream_dev'),
  theirSecret('CLOUDPAYMENTS_API_SECRET', 'API secret of CloudPayments'),
  api('CLOUDPAYMENTS_API_URL', 'API of CloudPayments', {
    real: 'https://api.cloudpayments.ru',
    mocked: `${MOCKS}/cloudpayments`,
  }),

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

/** The variables that a profile reads. */
export function settingsOf(profile: Profile): Setting[] {
  return SETTINGS.filter(({onlyIn}) => onlyIn === undefined || onlyIn === profile)
}
