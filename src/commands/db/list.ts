import {Flags} from '@oclif/core'
import type {ListReport} from '../../backup/list.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'

export default class DbList extends BaseCommand<ListReport> {
  static override summary = 'list backups with their age, and show the days without a backup'
  static override description =
    'Warns if the newest complete backup of a schema is older than 26 hours or does not exist; safety backups do not count. Does not read the archives; to check them, run db:verify. In a terminal, columns that do not fit are omitted; a pipe and --json get every column.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'for monitoring: exits 7 if the backup of last night failed',
      command: '<%= config.bin %> <%= command.id %> --profile prod --max-age 26',
    },
    {description: 'for scripts', command: '<%= config.bin %> <%= command.id %> --json | jq .newest'},
  ]
  static override flags = {
    ...backupFlags,
    'max-age': Flags.integer({
      description: 'exit 7 if the newest complete backup of a schema is older than this or does not exist',
      min: 1,
      helpValue: 'HOURS',
    }),
  }

  async run(): Promise<ListReport> {
    const {flags} = await this.parse(DbList)
    const {listBackups} = await import('../../backup/list.js')
    const {findTooOld, USUAL_MAX_AGE_HOURS} = await import('../../backup/freshness.js')
    const {ageWarning, listSummary} = await import('../../views/db/list.js')
    const {backups} = await this.stackContext(flags)
    const report = await this.interruptible(() => listBackups(backups))
    const tooOld = findTooOld(report, flags['max-age'] ?? USUAL_MAX_AGE_HOURS)
    if (!this.jsonEnabled()) this.log(listSummary(report, new Date()))
    if (flags['max-age'] !== undefined) await this.reportProblems(tooOld)
    else if (tooOld) this.logToStderr(ageWarning({...tooOld, hint: (await this.hintRewriter())(tooOld.hint)}))
    return report
  }
}
