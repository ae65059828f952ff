import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import type {DownReport} from '../../env/down.js'

export default class EnvDown extends BaseCommand<DownReport> {
  static override summary = 'stop the stack and keep its data'
  static override description =
    'Stops and removes everything that runs in the project, regardless of the profile it was started with. Needs neither a settings file nor a checkout.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'also delete the databases and files',
      command: '<%= config.bin %> <%= command.id %> --profile dev --volumes --yes',
    },
  ]
  static override flags = {
    volumes: Flags.boolean({description: 'also delete all data of the project, after confirmation'}),
    yes: Flags.boolean({char: 'y', description: 'do not ask for confirmation'}),
  }

  async run(): Promise<DownReport> {
    const {flags} = await this.parse(EnvDown)
    const {stopStack, planDown} = await import('../../env/down.js')
    const {downLoss, downSummary, downUpdate} = await import('../../views/env/down.js')
    const stack = await this.stackContext(flags)
    const plan = await this.interruptible(() => planDown(stack, {volumes: flags.volumes}))
    if (plan.volumes.length > 0 && !flags.yes) {
      const {confirmByName} = await import('../../cli/prompts/confirm.js')
      await this.interruptible(signal => confirmByName(downLoss(plan), plan.project, signal))
    }
    const report = await this.progress([['stop']], downUpdate, ctx => stopStack(plan, ctx))
    this.log(downSummary(report, stack.repositoryFlags))
    return report
  }
}
