import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {waitFlags} from '../../cli/flags.js'
import type {RestartReport} from '../../env/restart.js'

export default class EnvRestart extends BaseCommand<RestartReport> {
  static override summary = 'restart services and wait until they are healthy'
  static override description =
    'Restarts the named services, or all services of the running stack; a stopped service is started. The services keep the settings that they were started with, so no settings file is needed; env:up applies changed settings.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> user',
    '<%= config.bin %> <%= command.id %> user payment --timeout 600',
    {description: 'all services', command: '<%= config.bin %> <%= command.id %> --profile stage'},
  ]
  static override strict = false
  static override args = {
    service: Args.string({description: 'service to restart; repeatable [default: all]'}),
  }
  static override flags = waitFlags

  async run(): Promise<RestartReport> {
    const {flags, argv} = await this.parse(EnvRestart)
    const {restartServices} = await import('../../env/restart.js')
    const {restartSummary, restartUpdate} = await import('../../views/env/restart.js')
    const stack = await this.stackContext(flags)
    const request = {stack, services: argv as string[], timeout: flags.timeout}
    const report = await this.progress([], restartUpdate, ctx => restartServices(request, ctx))
    this.log(restartSummary(report))
    return report
  }
}
