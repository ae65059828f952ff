import {decodeUri} from '../../system/text/decode-uri.js'

/** Returns tags as restic takes them. It separates tags by commas, so values are percent-encoded. */
export function tagText(pairs: [name: string, value: string][], flags: string[] = []): string {
  return [...pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`), ...flags].join(',')
}

/** Returns the names and the values of the tags that have both. */
export function parseTags(tags: string[]): [name: string, value: string][] {
  return tags.flatMap((tag): [string, string][] => {
    const [, name, value] = /^([a-z]+)=(.*)$/s.exec(tag) ?? []
    return name === undefined ? [] : [[name, decodeUri(value!)]]
  })
}
