import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'
import type {PullReport} from '../../offsite/pull.js'

export default class OffsitePull extends BaseCommand<PullReport> {
  static override summary = 'copy a backup from the off-site repository to this machine'
  static override description =
    'The backup appears in the local repository when all its checksums have been verified. A run that fails or is interrupted leaves nothing, and changes no other backup.'
  static override examples = [
    {description: 'the newest backup', command: '<%= config.bin %> <%= command.id %> --profile prod'},
    '<%= config.bin %> <%= command.id %> 20261123T020000Z',
  ]
  static override args = {
    id: Args.string({description: 'ID of a backup, a unique prefix of one, or latest', default: 'latest'}),
  }
  static override flags = backupFlags

  async run(): Promise<PullReport> {
    const {args, flags} = await this.parse(OffsitePull)
    const {pullOffsite} = await import('../../offsite/pull.js')
    const {FETCH_TASKS, fetchUpdate, pullSummary} = await import('../../views/offsite/pull.js')
    const stack = await this.stackContext(flags)
    const report = await this.progress(FETCH_TASKS, fetchUpdate, ctx =>
      pullOffsite({stack, ref: args.id}, ctx),
    )
    this.log(pullSummary(report, stack.repositoryFlags))
    return report
  }
}
