import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../cli/base-command.js'

export default class Logs extends BaseCommand<undefined> {
  static override summary = 'show what the services wrote, in the order of time'
  static override description =
    'All services unless some are named. With --json one object per line: service, time, text.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --follow',
    '<%= config.bin %> <%= command.id %> user payment --since 10m',
    '<%= config.bin %> <%= command.id %> gateway --tail 100',
  ]
  static override strict = false
  static override args = {service: Args.string({description: 'a service; several may be named'})}
  static override flags = {
    follow: Flags.boolean({char: 'f', description: 'go on with what comes, until Ctrl-C'}),
    since: Flags.string({
      description: 'only lines since then: 10m, 2h, or 2026-11-23T02:00:00Z',
      helpValue: 'TIME',
    }),
    tail: Flags.integer({
      char: 'n',
      description: 'only the last lines of each service',
      min: 0,
      helpValue: 'LINES',
    }),
  }

  async run(): Promise<undefined> {
    const {flags, argv} = await this.parse(Logs)
    const {readLogs} = await import('../logs/read.js')
    const {logPrinter} = await import('../cli/log-lines.js')
    const {follow, since, tail} = flags
    const request = {...this.stackRequest(flags), services: argv as string[], follow, since, tail}
    const print = logPrinter(this.jsonEnabled())
    await this.untilInterrupted(async signal => {
      for await (const line of readLogs(request, signal)) await print(line)
    })
    return undefined
  }
}
