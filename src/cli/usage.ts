import {type Config, Errors} from '@oclif/core'
import {AquastreamError} from '../errors.js'
import {nearest} from '../system/text/suggest.js'

/**
 * oclif's own errors are about what was typed, and become ours; every other error stays what it is. Its
 * parser keeps all of argv in its errors, which must not get out: a secret may be among it.
 */
export function findFault(error: unknown, argv: string[], config: Config): unknown {
  if (!(error instanceof Errors.CLIError) || error instanceof Errors.ExitError) return error
  const command = config.findCommand(argv[0] ?? '')
  return command ? wrongArguments(error, command.id) : unknownCommand(argv[0] ?? '', config)
}

function wrongArguments(error: Error, command: string): AquastreamError {
  const lines = error.message.split('\n').filter(line => !line.startsWith('See more help'))
  const message = lines.join(' ').replace(/\s+/g, ' ').trim()
  return new AquastreamError('usage', withoutValues(message), {hint: `see aquastream ${command} --help`})
}

/** Of flags that do not exist: what somebody gave to them was meant for something else. */
function withoutValues(message: string): string {
  return message.startsWith('Nonexistent flag') ? message.replace(/=[^\s,]*/g, '') : message
}

export function unknownCommand(typed: string, {commandIDs}: Config): AquastreamError {
  const ours = commandIDs.filter(id => /^(?:env:|db:|logs$)/.test(id))
  // `backup` and env:backup are no commands, and db:backup is.
  const meant = ours.find(id => nameOf(id) === nameOf(typed)) ?? nearest(typed, ours)
  const question = meant === undefined ? '' : `did you mean aquastream ${meant}? `
  return new AquastreamError('usage', `there is no command ${typed}`, {
    hint: `${question}aquastream --help lists all`,
  })
}

/** Without its topic. */
function nameOf(id: string): string | undefined {
  return id.split(':').at(-1)
}
