import './anonymous-user.js'
import {fileURLToPath} from 'node:url'
import {Config, flush, run} from '@oclif/core'

/** The directory of this package. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the command in `process.argv` and sets the exit status. The errors of all commands are rendered here. */
export async function main(): Promise<void> {
  // oclif supports NO_COLOR, chalk does not.
  if (process.env.NO_COLOR) process.env.FORCE_COLOR = '0'
  // oclif's own listener throws, which would end the process with a stack trace.
  process.stdout.removeAllListeners('error').on('error', onLostOutput)
  // A command continues even if its progress is no longer read.
  process.stderr.on('error', () => undefined)
  const args = moveJsonFlag(process.argv.slice(2))
  const json = isJson(args)
  try {
    const config = await Config.load(ROOT)
    const argv = joinTopic(args, config)
    try {
      await run(argv, config)
    } catch (error) {
      throw (await import('./usage.js')).toUsageError(error, argv, config)
    }
  } catch (error) {
    process.exitCode = (await import('./failure.js')).writeFailure(error, json)
  }
  await flush()
}

/** Moves a leading `--json` behind the command; it is the one flag that is also accepted before it. */
function moveJsonFlag(argv: string[]): string[] {
  const [first, command, ...rest] = argv
  return first === '--json' && command ? [command, first, ...rest] : argv
}

/** Turns `env up` into `env:up`, also after `help`: oclif accepts either colons or spaces, and both are supported here. */
function joinTopic(argv: string[], config: Config): string[] {
  const [topic = '', name, ...rest] = argv
  if (topic === 'help') return [topic, ...joinTopic(argv.slice(1), config)]
  const isTopic = config.findTopic(topic) && !config.findCommand(topic)
  return isTopic && name && !name.startsWith('-') ? [`${topic}:${name}`, ...rest] : argv
}

/** Tells whether --json was given, also for errors that occur before a command is found. */
function isJson(argv: string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).includes('--json')
}

/** A closed pipe (`| head`) is not an error. A full disk is, and stdout is then lost, so this reports it itself. */
function onLostOutput({code, message}: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') process.exit()
  process.stderr.write(
    `error: cannot write to stdout: ${message}\nhint: check the file or disk that stdout is redirected to\n`,
  )
  process.exit(3)
}
