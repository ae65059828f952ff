import {type Service, SERVICES} from '../stack/catalogue.js'
import * as z from '../system/zod.js'
import {replicasVariable} from '../stack/names.js'
import {PROJECT, PROJECT_RULE} from './layers.js'
import {OFFSITE_PASSWORD, OFFSITE_SETTINGS} from './offsite.js'
import {isProfile, type Profile} from './profile.js'
import {
  account,
  api,
  identifier,
  image,
  limit,
  oneLine,
  platformSecret,
  port,
  thirdPartySecret,
} from './setting-kinds.js'
import type {Setting} from './setting.js'

/** The host name of the mocks in the network of the stack. */
export const MOCKS_HOST = 'mocks'
const MOCKS = `http://${MOCKS_HOST}:8090`

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
  {
    name: 'AQUASTREAM_ENGINE',
    schema: z.enum(['compose', 'swarm']),
    group: 'profile',
    about:
      'engine that runs stage or prod: compose, or swarm for updates without interruption; env:up --engine takes precedence',
    default: 'compose',
    readBy: 'cli',
  },
  {
    name: 'AQUASTREAM_SWARM_ENCRYPTED',
    schema: z.enum(['yes', 'no']),
    group: 'profile',
    about:
      'encrypts the traffic between the servers of a Swarm: yes, or no; takes effect when the networks are created: run env:down first',
    default: 'no',
    readBy: 'cli',
  },

  platformSecret('POSTGRES_PASSWORD', 'password of the database user'),
  platformSecret('REDIS_PASSWORD', 'password of Redis'),
  platformSecret('S3_SECRET_KEY', 'secret key of the object store'),
  platformSecret('JWT_SECRET', 'key that signs user tokens'),
  OFFSITE_PASSWORD,

  thirdPartySecret('TELEGRAM_BOT_TOKEN', 'token of the Telegram bot, issued by @BotFather'),
  account('TELEGRAM_BOT_USERNAME', 'user name of the Telegram bot, without @', 'aquastream_dev_bot'),
  api('TELEGRAM_API_URL', 'URL of the Telegram API', {real: 'https://api.telegram.org', mocked: MOCKS}),
  account('YOOKASSA_SHOP_ID', 'shop ID at YooKassa', '100500'),
  thirdPartySecret('YOOKASSA_SECRET_KEY', 'secret key at YooKassa'),
  api('YOOKASSA_API_URL', 'URL of the YooKassa API', {
    real: 'https://api.yookassa.ru/v3',
    mocked: `${MOCKS}/v3`,
  }),
  account('CLOUDPAYMENTS_PUBLIC_ID', 'public ID at CloudPayments', 'pk_aquastream_dev'),
  thirdPartySecret('CLOUDPAYMENTS_API_SECRET', 'API secret at CloudPayments'),
  api('CLOUDPAYMENTS_API_URL', 'URL of the CloudPayments API', {
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
  ...OFFSITE_SETTINGS,

  {
    name: 'BIND',
    schema: z.ipv4('must be an IPv4 address'),
    group: 'network',
    about: 'address on which ports are published; 0.0.0.0 exposes them to the network',
    default: '127.0.0.1',
  },
  // The edge is published on the port of the gateway.
  ...SERVICES.filter(({kind}) => kind !== 'edge').flatMap(({name, kind, ports}) =>
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
  limit('EDGE_MEMORY', 'memory limit of the edge, on the swarm engine', '128m'),
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
  ...SERVICES.filter(({kind}) => kind === 'backend').map(({name}): Setting => ({
    name: replicasVariable(name),
    schema: z.string().regex(/^[1-9]\d?$/, 'must be a number from 1 to 99'),
    group: 'limits',
    about: `number of containers of ${name}, on the swarm engine; ${name === 'gateway' ? '2 on several nodes, otherwise 1' : '1'} if not set`,
    readBy: 'cli',
  })),
]

/** Third parties are mocked only in dev. */
function ofDev(kind: Service['kind']): Pick<Setting, 'onlyIn'> {
  return kind === 'mocks' ? {onlyIn: 'dev'} : {}
}

/** Returns the settings that a profile uses. */
export function settingsOf(profile: Profile): Setting[] {
  return SETTINGS.filter(({onlyIn}) => onlyIn === undefined || onlyIn === profile)
}
