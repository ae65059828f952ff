import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'
import type {PullReport} from '../../offsite/pull.js'

export default class OffsitePull extends BaseCommand<PullReport> {
  static override summary = 'copy a backup from the off-site repository to this machine'
  static override description = `The backup appears in the local repository when all its checksums have been verified. A run that fails or is interrupted leaves nothing, and changes no other backup.

With --media and --redis, also replaces the files of MinIO and the data of Redis with the first copy that was made after the backup, after confirmation; if it is damaged, with the next one. Their services must be stopped; the command starts them. Every object is read and compared with its checksum before the current data is replaced. The current data is deleted when the services are healthy with the new data, and is put back if they do not become healthy.`
  static override examples = [
    {description: 'the newest backup', command: '<%= config.bin %> <%= command.id %> --profile prod'},
    '<%= config.bin %> <%= command.id %> 20261123T020000Z',
    {
      description: 'also the files and Redis, on a new server',
      command: '<%= config.bin %> <%= command.id %> 20261123T020000Z --media --redis --profile prod',
    },
  ]
  static override args = {
    id: Args.string({
      description: 'ID of a backup, a unique prefix of one, or latest: the newest one with every schema',
      default: 'latest',
    }),
  }
  static override flags = {
    ...backupFlags,
    media: Flags.boolean({description: 'also restore the media files into MinIO, which must be stopped'}),
    redis: Flags.boolean({description: 'also restore Redis, which must be stopped'}),
    yes: Flags.boolean({char: 'y', description: 'do not ask for confirmation'}),
  }

  async run(): Promise<PullReport> {
    const {args, flags} = await this.parse(OffsitePull)
    const {planPull, pullOffsite} = await import('../../offsite/pull.js')
    const {pullLoss, pullSummary, pullTasks, pullUpdate} = await import('../../views/offsite/pull.js')
    const stack = await this.stackContext(flags)
    const stores = (['media', 'redis'] as const).filter(store => flags[store])
    const request = {stack, ref: args.id, stores}
    const plan = await this.interruptible(signal => planPull(request, signal))
    if (stores.length > 0 && !flags.yes) {
      const {confirmByName} = await import('../../cli/prompts/confirm.js')
      await this.interruptible(signal => confirmByName(pullLoss(plan), stack.project, signal))
    }
    const report = await this.progress(pullTasks(stores), pullUpdate, ctx => pullOffsite(plan, ctx))
    this.log(pullSummary(report, stack.repositoryFlags))
    return report
  }
}
