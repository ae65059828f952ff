import type {Interfaces} from '@oclif/core'
import {quote} from '../backup/place.js'

/** The flags that say which stack, which backups and which server a command is about. */
const PLACE = ['profile', 'env-file', 'dir', 'database-url']

/** Commands of ours in a text, without those that say already where. */
const COMMAND = /\baquastream ((?:env|db):[a-z]+|logs)\b(?![^;]*--profile)/g

/**
 * Leads the commands that a hint names to where the command that gives it was led: typed as they stand they would be
 * about another stack or other backups.
 *
 * @param typed the flags of the command that gives the hint
 */
export function atSamePlace(hint: string, typed: Record<string, unknown>, config: Interfaces.Config): string {
  return hint.replace(COMMAND, (command, id: string) => {
    const known = config.findCommand(id)?.flags ?? {}
    const flags = PLACE.flatMap(name => {
      const value = typed[name]
      const isMeant = name in known && typeof value === 'string'
      return isMeant && !(name === 'database-url' && mayHoldPassword(value))
        ? [`--${name} ${quote(value)}`]
        : []
    })
    return [command, ...flags].join(' ')
  })
}

/** A URL with a password is refused, and what fails before that must not repeat it. */
function mayHoldPassword(url: string): boolean {
  return /:(?!\/\/).*@|password/i.test(url)
}
