import type {Interfaces} from '@oclif/core'
import {isShowable} from '../config/database-url/database-url.js'
import {shellQuote} from '../system/text/shell-quote.js'

/** The flags that select the stack, the backups and the server of a command. */
const LOCATION_FLAGS = ['profile', 'env-file', 'dir', 'database-url']

/** A command in a hint, with the text up to the next one. */
const COMMAND = /\baquastream ([a-z]+(?::[a-z-]+)?)((?:(?!;|\baquastream\b).)*)/gs

/**
 * Adds to each command in a hint the location flags that this command was given; without them the command would be
 * about another stack or other backups. A command that names another profile stays unchanged.
 *
 * @param given the flags of the command that gives the hint
 */
export function withSameFlags(
  hint: string,
  given: Record<string, unknown>,
  config: Interfaces.Config,
): string {
  return hint.replace(COMMAND, (text, id: string, rest: string) => {
    const command = config.findCommand(id)
    const [, profile] = /--profile (\w+)/.exec(rest) ?? []
    const isOtherProfile = profile !== undefined && given.profile !== undefined && profile !== given.profile
    if (!command || isOtherProfile) return text
    const flags = LOCATION_FLAGS.flatMap(name => {
      const value = given[name]
      const isMissing = name in command.flags && typeof value === 'string' && !rest.includes(`--${name} `)
      // A hint may be shown before a URL with a password is refused, and must not contain it.
      return isMissing && (name !== 'database-url' || isShowable(value))
        ? [`--${name} ${shellQuote(value)}`]
        : []
    })
    return [`aquastream ${id}`, ...flags].join(' ') + rest
  })
}
