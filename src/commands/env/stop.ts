import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import type {StopReport} from '../../env/stop.js'

export default class EnvStop extends BaseCommand<StopReport> {
  static override summary = 'stop single services, and leave the others running'
  static override description =
    'Stops the named services and keeps them, with their data and their logs, until env:restart or env:up starts them again. Needs no settings file. To stop the whole stack, use env:down.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> user',
    {
      description: 'before a restore, so that nothing writes',
      command: '<%= config.bin %> <%= command.id %> user notification --profile stage',
    },
  ]
  static override strict = false
  static override args = {
    service: Args.string({description: 'service to stop; repeatable', required: true}),
  }

  async run(): Promise<StopReport> {
    const {flags, argv} = await this.parse(EnvStop)
    const {stopServices} = await import('../../env/stop.js')
    const {downUpdate} = await import('../../views/env/down.js')
    const {stopSummary} = await import('../../views/env/stop.js')
    const stack = await this.stackContext(flags)
    const request = {stack, services: argv as string[]}
    const report = await this.progress([['stop']], downUpdate, ctx => stopServices(request, ctx))
    this.log(stopSummary(report, stack.repositoryFlags))
    return report
  }
}
