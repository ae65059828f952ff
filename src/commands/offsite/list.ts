import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'
import type {OffsiteListReport} from '../../offsite/list.js'

export default class OffsiteList extends BaseCommand<OffsiteListReport> {
  static override summary = 'list the backups in the off-site repository with their age'
  static override description =
    'A snapshot that restic cannot read is named, and the command exits 7: it can be a newer backup.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'for monitoring: exits 7 if the copy of last night failed',
      command: '<%= config.bin %> <%= command.id %> --profile prod --max-age 26',
    },
  ]
  static override flags = {
    ...backupFlags,
    'max-age': Flags.integer({
      description:
        'exit 7 if the newest verified backup of a schema in the repository is older than this or does not exist',
      min: 1,
      helpValue: 'HOURS',
    }),
  }

  async run(): Promise<OffsiteListReport> {
    const {flags} = await this.parse(OffsiteList)
    const {findTooOldOffsite, listOffsite} = await import('../../offsite/list.js')
    const {findUnreadable} = await import('../../offsite/restic/unreadable.js')
    const {offsiteListSummary} = await import('../../views/offsite/list.js')
    const stack = await this.stackContext(flags)
    const report = await this.interruptible(signal => listOffsite(stack, signal))
    this.log(offsiteListSummary(report))
    const maxAge = flags['max-age']
    await this.reportProblems(
      findUnreadable(report, report.repository),
      maxAge === undefined ? undefined : findTooOldOffsite(report, maxAge),
    )
    return report
  }
}
