import {decodeUri} from '../../system/text/decode-uri.js'
import type {OffsiteSettings} from '../settings.js'

/** Shorter passwords would also be found in ordinary words. */
const SHORTEST = 4

/**
 * Returns a repository without its password, for messages: without the user of a URL, except in SFTP, and without the
 * connection string of rclone.
 */
export function withoutSecrets(repository: string): string {
  return repository
    .replace(/^((?:rest|s3):(?:https?:)?\/\/)[^/]*@/, '$1')
    .replace(/^(sftp:\/\/[^:/@]*):[^/]*@/, '$1@')
    .replace(/^(rclone::?[^:,]*),(?:"[^"]*"|'[^']*'|[^:"'])*/, '$1')
}

/** Replaces the repository by its name, and its passwords and keys by asterisks, in the output of restic. */
export function hideSecrets(
  text: string,
  settings: Omit<OffsiteSettings, 'ssh' | 'stallMs' | 'image'>,
): string {
  const {repository, name, password, s3} = settings
  const withoutBackend = (location: string): string => location.replace(/^[a-z0-9]+:/, '')
  const names: [string, string][] =
    repository === name
      ? []
      : [
          [repository, name],
          [withoutBackend(repository), withoutBackend(name)],
        ]
  const [, user] = /^[a-z0-9]+:(?:[a-z]+:)?\/\/([^/]*)@/.exec(repository) ?? []
  const [, options] = /^rclone::?[^:,]*,((?:"[^"]*"|'[^']*'|[^:"'])+)/.exec(repository) ?? []
  const userPassword = user?.replace(/^[^:]*:?/, '')
  const secrets = [options, userPassword && user, userPassword, password, s3.secretKey]
  const hidden = secrets.flatMap((secret): [string, string][] =>
    secret === undefined || secret.length < SHORTEST ? [] : [[secret, '***']],
  )
  return [...names, ...hidden].reduce(
    (result, [secret, shown]) => formsOf(secret).reduce((rest, form) => rest.replaceAll(form, shown), result),
    text,
  )
}

/** Returns a text as restic and Go print it: as it is, quoted, and percent-encoded. */
function formsOf(text: string): string[] {
  const decoded = decodeUri(text)
  const encoded = encodeURIComponent(decoded)
  const escaped = encoded.replace(
    /[!'()*]/g,
    character => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`,
  )
  // Go leaves these characters of a password as they are.
  const plain = escaped.replace(/%(?:2[46BC]|3[BD])/g, decodeURIComponent)
  const quoted = [text, decoded].map(form => JSON.stringify(form).slice(1, -1))
  return [...new Set([text, ...quoted, decoded, encoded, escaped, plain])].sort((a, b) => b.length - a.length)
}
