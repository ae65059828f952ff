import {type Config, Errors} from '@oclif/core'
import {AquastreamError} from '../errors.js'
import {didYouMean, nearest} from '../system/text/suggest.js'

/**
 * Turns oclif's errors, which are about the command line, into usage errors; returns any other error unchanged.
 * oclif's parser keeps all arguments in its errors, and they must not be shown: a secret may be among them.
 */
export function toUsageError(error: unknown, argv: string[], config: Config): unknown {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error
  const command = config.findCommand(argv[0] ?? '')
  return command ? wrongArguments(error, command.id) : unknownCommand(argv[0] ?? '', config)
}

function wrongArguments(error: Error, command: string): AquastreamError {
  const lines = error.message.split('\n').filter(line => !line.startsWith('See more help'))
  const message = lines.join(' ').replace(/\s+/g, ' ').trim()
  return new AquastreamError('usage', withoutValues(message), {hint: `see aquastream ${command} --help`})
}

/** Removes the values of unknown flags, which may be secrets. */
function withoutValues(message: string): string {
  return message.startsWith('Nonexistent flag') ? message.replace(/=[^\s,]*/g, '') : message
}

/** Returns the error for a command that does not exist, with the nearest existing one as a hint. */
function unknownCommand(typed: string, {commands}: Config): AquastreamError {
  const ids = commands.filter(({hidden}) => !hidden).map(({id}) => id)
  // For `backup` and env:backup, the suggestion is db:backup.
  const suggestion = ids.find(id => nameOf(id) === nameOf(typed)) ?? nearest(typed, ids)
  const question = suggestion === undefined ? '' : `${didYouMean(`aquastream ${suggestion}`)} `
  return new AquastreamError('usage', `unknown command ${typed}`, {
    hint: `${question}aquastream --help lists all commands`,
  })
}

/** Returns the ID of a command without its topic. */
function nameOf(id: string): string | undefined {
  return id.split(':').at(-1)
}
