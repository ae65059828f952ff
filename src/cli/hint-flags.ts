import type {Interfaces} from '@oclif/core'
import {isShowable} from '../config/database-url.js'
import {shellQuote} from '../system/text/shell-quote.js'

/** The flags that say which stack, which backups and which server a command is about. */
const PLACE = ['profile', 'env-file', 'dir', 'database-url']

/** A command of ours in a text, with what follows up to the next one. */
const COMMAND = /\baquastream ((?:env|db):[a-z]+|logs)\b((?:(?!;|\baquastream\b).)*)/gs

/**
 * Leads the commands that a hint names to where the command that gives it was led: typed as they stand they would be
 * about another stack or other backups. One that is about another profile on purpose stays as it is.
 *
 * @param typed the flags of the command that gives the hint
 */
export function atSamePlace(hint: string, typed: Record<string, unknown>, config: Interfaces.Config): string {
  return hint.replace(COMMAND, (command, id: string, rest: string) => {
    const [, profile] = /--profile (\w+)/.exec(rest) ?? []
    if (profile !== undefined && typed.profile !== undefined && profile !== typed.profile) return command
    const known = config.findCommand(id)?.flags ?? {}
    const flags = PLACE.flatMap(name => {
      const value = typed[name]
      const isMissing = name in known && typeof value === 'string' && !rest.includes(`--${name} `)
      // What fails before a URL with a password is refused must not repeat it.
      return isMissing && (name !== 'database-url' || isShowable(value))
        ? [`--${name} ${shellQuote(value)}`]
        : []
    })
    return [`aquastream ${id}`, ...flags].join(' ') + rest
  })
}
