import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'
import type {PushReport} from '../../offsite/push.js'

export default class OffsitePush extends BaseCommand<PushReport> {
  static override summary = 'copy backups, media and Redis to the off-site repository'
  static override description =
    'Copies each complete backup that the repository does not have, the newest first, then the media files of MinIO and the data of Redis as they are now, and checks the repository. A repeated run copies nothing twice, and a run after an interruption continues. Local backups are not changed.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'a backup and its copy in one run',
      command: '<%= config.bin %> db:backup --profile prod --rotate --offsite',
    },
  ]
  static override flags = backupFlags

  async run(): Promise<PushReport> {
    const {flags} = await this.parse(OffsitePush)
    const {pushOffsite} = await import('../../offsite/push.js')
    const {pushSummary, pushUpdates} = await import('../../views/offsite/push.js')
    const stack = await this.stackContext(flags)
    const report = await this.progress([], pushUpdates(), ctx => pushOffsite(stack, ctx))
    this.log(pushSummary(report))
    return report
  }
}
