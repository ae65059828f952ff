import {type Command, type Config, Errors} from '@oclif/core'
import {AquastreamError} from '../errors.js'
import {mayContainSecret, showTyped} from '../system/text/typed.js'
import {didYouMean, nearest} from '../system/text/suggest.js'

/**
 * Turns oclif's errors, which are about the command line, into usage errors; returns any other error unchanged.
 * oclif's parser keeps all arguments in its errors, and they must not be shown: a secret may be among them.
 */
export function toUsageError(error: unknown, argv: string[], config: Config): unknown {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error
  const [typed = '', ...words] = argv
  const command = config.findCommand(typed)
  if (!command) return unknownCommand(typed, config)
  const {flags} = error as ParserError
  if (command.id === 'help' && !flags)
    return unknownCommand(words.filter(word => !word.startsWith('-')).join(':'), config)
  const meant = flags?.length === 1 ? suggestFlag(nameOfFlag(flags[0]!), command) : ''
  return new AquastreamError('usage', messageOf(error, argv), {
    hint: `${meant}see aquastream ${command.id} --help`,
  })
}

/** Returns a question about the flag of the command that is the most similar one, or nothing. */
function suggestFlag(typed: string, {flags}: Command.Loadable): string {
  const near = nearest(typed.replace(/^-+/, ''), Object.keys(flags))
  return near === undefined ? '' : `${didYouMean(`--${near}`)} `
}

/** An error of oclif's parser: unknown flags, unexpected words, or the definitions of missing arguments. */
type ParserError = Errors.CLIError & {flags?: string[]; args?: (string | {name: string})[]}

/** Returns the message of an error of oclif's parser without the values that may be secrets. */
function messageOf({flags, args = [], message}: ParserError, argv: string[]): string {
  if (flags) return `Nonexistent flag${plural(flags)}: ${flags.map(nameOfFlag).join(', ')}`
  const missing = args.filter(arg => typeof arg === 'object').map(({name}) => name.toUpperCase())
  if (missing.length > 0) return `Missing argument${plural(missing)}: ${missing.join(', ')}`
  const extra = args.filter(arg => typeof arg === 'string')
  if (extra.length > 0) return `Unexpected argument${plural(extra)}: ${extra.map(showTyped).join(', ')}`
  const [first = '', ...lines] = withoutSecrets(message, argv)
    .split('\n')
    .filter(line => !line.startsWith('See more help'))
    .map(line => line.trim().replace(/\s+/g, ' '))
  // One line for each violated rule about flags, after a title.
  if (first.startsWith('The following error')) return lines.join('; ')
  return [first, ...lines].join(' ').replace(/^Parsing (--\S+) Expected/, '$1: expected')
}

function plural(words: string[]): string {
  return words.length === 1 ? '' : 's'
}

/** Returns an unknown flag without what may be its value. A short flag is one letter: the rest of -pSECRET is a value. */
function nameOfFlag(flag: string): string {
  return /^--[\p{L}\d_-]+|^-[^-]/u.exec(flag)?.[0] ?? '--'
}

/** Hides values of known flags: oclif repeats them in several messages, and its errors do not carry them as data. */
function withoutSecrets(message: string, argv: string[]): string {
  return argv
    .map(word => word.replace(/^(?:--[^=]*=|-[^-]=?)/, ''))
    .filter(mayContainSecret)
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, showTyped(value)), message)
}

/** Returns the error for a command that does not exist, with the nearest existing one as a hint. */
function unknownCommand(typed: string, {commands}: Config): AquastreamError {
  const ids = commands.filter(({hidden}) => !hidden).map(({id}) => id)
  // For `backup`, env:backup and `bakcup`, the suggestion is db:backup; for ofsite:rotate, it is not db:rotate.
  const name = nameOf(typed)
  const similar = nearest(name, ids.map(nameOf), name.length / 3)
  const suggestion =
    nearest(typed, ids) ?? ids.find(id => nameOf(id) === name) ?? ids.find(id => nameOf(id) === similar)
  const question = suggestion === undefined ? '' : `${didYouMean(`aquastream ${suggestion}`)} `
  return new AquastreamError('usage', `unknown command ${showTyped(typed)}`, {
    hint: `${question}aquastream --help lists all commands`,
  })
}

/** Returns the ID of a command without its topic. */
function nameOf(id: string): string {
  return id.slice(id.lastIndexOf(':') + 1)
}
