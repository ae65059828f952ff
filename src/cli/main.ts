import './unknown-user.js'
import {Config, flush, run} from '@oclif/core'

/** Runs the command of argv and sets the exit status. All failures of all commands end here. */
export async function main(root: string): Promise<void> {
  // chalk does not know the variable, and oclif does.
  if (process.env.NO_COLOR) process.env.FORCE_COLOR = '0'
  // oclif's own listener would throw, and end the process with a stack trace.
  process.stdout.removeAllListeners('error').on('error', onLostOutput)
  // Without a reader of its progress a command still does its work.
  process.stderr.on('error', () => undefined)
  const typed = jsonLast(process.argv.slice(2))
  const json = isJson(typed)
  try {
    const config = await Config.load(root)
    const argv = joinTopic(typed, config)
    try {
      await run(argv, config)
    } catch (error) {
      throw (await import('./usage.js')).findFault(error, argv, config)
    }
  } catch (error) {
    process.exitCode = (await import('./failure.js')).writeFailure(error, json)
  }
  await flush()
}

/** The one flag that people also write before the command. */
function jsonLast(argv: string[]): string[] {
  const [first, command, ...rest] = argv
  return first === '--json' && command ? [command, first, ...rest] : argv
}

/** `env up` is `env:up`: oclif knows either colons or spaces, and people type both. */
function joinTopic(argv: string[], config: Config): string[] {
  const [topic = '', name, ...rest] = argv
  const isTopic = config.findTopic(topic) && !config.findCommand(topic)
  return isTopic && name && !name.startsWith('-') ? [`${topic}:${name}`, ...rest] : argv
}

/** Also for what fails before a command is found. */
function isJson(argv: string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).includes('--json')
}

/** A reader that went away (`| head`) is no failure of ours; a full disk is one, and there is nobody else to say it. */
function onLostOutput({code, message}: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit()
  process.stderr.write(`error: the result cannot be written: ${message}\nhint: make room where stdout goes\n`)
  process.exit(3)
}
