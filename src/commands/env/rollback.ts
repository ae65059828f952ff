import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {waitFlags} from '../../cli/flags.js'
import type {RollbackReport} from '../../env/updates/rollback.js'

export default class EnvRollback extends BaseCommand<RollbackReport> {
  static override summary = 'return services to what ran before their last update'
  static override description = `Returns the named services, or all services of the last update, to what ran before it, and waits until they are healthy. A second rollback undoes the first. If the last update was rolled back already, only named services go further back. Data is not changed: to undo a migration, restore a backup as well.

The swarm engine returns to the earlier images and settings: backends without interruption, while data services and edge are stopped first. The compose engine returns to the earlier images, which it knows by their IDs, with the current settings; the interruption is announced. dev keeps no history.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile prod',
    '<%= config.bin %> <%= command.id %> payment --profile prod',
  ]
  static override strict = false
  static override args = {
    service: Args.string({
      description: 'service to roll back; repeatable [default: those of the last update]',
    }),
  }
  static override flags = waitFlags

  async run(): Promise<RollbackReport> {
    const {flags, argv} = await this.parse(EnvRollback)
    const {rollBack} = await import('../../env/updates/rollback.js')
    const {rollbackSummary, rollbackUpdate} = await import('../../views/env/rollback.js')
    const stack = await this.stackContext(flags)
    const request = {stack, services: argv as string[], timeout: flags.timeout}
    const report = await this.progress([], rollbackUpdate, ctx => rollBack(request, ctx))
    this.log(rollbackSummary(report, stack.settingsFile))
    return report
  }
}
