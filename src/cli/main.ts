import {Config, flush, run} from '@oclif/core'

/** Runs the command of argv and sets the exit status. All failures of all commands end here. */
export async function main(root: string): Promise<void> {
  // The reader went away (`| head`): nobody is left to write to, and that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
  const config = await Config.load(root)
  const argv = joinTopic(process.argv.slice(2), config)
  try {
    await run(argv, config)
  } catch (error) {
    const {writeFailure} = await import('./failure.js')
    const {findFault} = await import('./usage.js')
    process.exitCode = writeFailure(findFault(error, argv, config), isJson(argv))
  }
  await flush()
}

/** `env up` is `env:up`: oclif knows either colons or spaces, and people type both. */
function joinTopic(argv: string[], config: Config): string[] {
  const [topic, name, ...rest] = argv
  return name !== undefined && config.findCommand(`${topic}:${name}`) ? [`${topic}:${name}`, ...rest] : argv
}

/** Also for what fails before a command is found. */
function isJson(argv: string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).includes('--json')
}
