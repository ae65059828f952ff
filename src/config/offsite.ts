import * as z from '../system/zod.js'
import {image, oneLine} from './setting-kinds.js'
import type {Setting} from './setting.js'

/** Not required, because a stack runs without off-site backups. */
export const OFFSITE_PASSWORD: Setting = {
  name: 'OFFSITE_PASSWORD',
  schema: oneLine.min(8, 'must have at least 8 characters'),
  group: 'secrets',
  secret: true,
  about:
    'password that encrypts the off-site repository, which cannot be read without it; at least 16 characters in stage and prod',
  readBy: 'cli',
}

/** A URL that Go accepts as well: restic prints one that it cannot parse, with the password in it. */
const URL_REST =
  /(?:(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})+@)?(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?(?:\/(?:[^%@]|%[\da-f]{2})*)?$/
const REST = new RegExp(String.raw`^rest:https?:\/\/${URL_REST.source}`, 'i')
const S3 = new RegExp(String.raw`^s3:(?:(?:https?:)?\/\/)?${URL_REST.source}`, 'i')

/** Other backends of restic need variables that the commands do not pass on. */
const repository = z
  .string()
  .regex(
    /^(?:s3:|sftp:|rest:https?:|rclone:|[~./])[^\0\r\n]+$/,
    'must begin with s3:, sftp:, rest:, rclone: or be the path of a directory',
  )
  .refine(
    text => !text.startsWith('rest:') || REST.test(text),
    'must be a valid URL after rest:, such as https://user:password@host:8000/path/, in which other characters than letters and digits of the password are percent-encoded',
  )
  .refine(
    text => !text.startsWith('s3:') || S3.test(text),
    'must be a valid URL after s3:, such as https://host/bucket',
  )

/** Where the off-site repository is and how to log in there; only the offsite commands and db:backup --offsite need it. */
export const OFFSITE_SETTINGS: readonly Setting[] = [
  offsite('OFFSITE_REPOSITORY', 'encrypted off-site repository, as restic names it: s3:https://host/bucket', {
    schema: repository,
    // A rest: URL can contain a password.
    secret: true,
  }),
  offsite('OFFSITE_S3_ACCESS_KEY', 'access key for a repository on S3'),
  offsite('OFFSITE_S3_SECRET_KEY', 'secret key for a repository on S3', {secret: true}),
  offsite('OFFSITE_S3_REGION', 'region for a repository on S3, if the provider has regions'),
  offsite('OFFSITE_SSH_KEY_FILE', 'private SSH key for a repository on SFTP'),
  offsite(
    'OFFSITE_SSH_KNOWN_HOSTS_FILE',
    'file with the host key of the SFTP server; ~/.ssh/known_hosts if not set',
  ),
  offsite('OFFSITE_TIMEOUT', 'seconds without progress after which a push or a pull is ended', {
    schema: z.string().regex(/^[1-9]\d{0,5}$/, 'must be a number of seconds'),
    default: '900',
  }),
  offsite(
    'RESTIC_IMAGE',
    'image of restic, which saves media, and backups if restic is not installed; used without IMAGE_PREFIX; restic/restic if not set',
    {schema: image},
  ),
]

function offsite(name: string, about: string, more: Partial<Setting> = {}): Setting {
  return {name, schema: oneLine, group: 'off-site', about, readBy: 'cli', ...more}
}
