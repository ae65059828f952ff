import {Flags} from '@oclif/core'
import type {RotationReport} from '../../backup/rotate.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'

/** How many periods of one length keep a backup. */
function keep(period: string, count: number) {
  return Flags.integer({
    description: `keep the newest backup of the last N ${period} that have one`,
    default: count,
    min: 0,
    helpValue: 'N',
  })
}

export default class DbRotate extends BaseCommand<RotationReport> {
  static override summary = 'delete the backups that no rule needs any more'
  static override description = `The rules are those of restic: days, ISO weeks and months in UTC, of which only those count that have a backup; a rule that is not used up also keeps the oldest. They hold for each schema by itself, and a backup stays while any of its schemas needs it. What a restore saved stays for a week, and does not count.

What is pinned, not complete or from the future stays. The newest complete backup of each schema stays, whatever the rules and the clock say; so nothing is asked.`
  static override examples = [
    {
      description: 'see first what would go, and why the rest stays',
      command: '<%= config.bin %> <%= command.id %> --dry-run',
    },
    '<%= config.bin %> <%= command.id %> --profile prod',
    {description: 'two weeks of days', command: '<%= config.bin %> <%= command.id %> --keep-daily 14'},
  ]
  static override flags = {
    ...backupFlags,
    'keep-daily': keep('days', 7),
    'keep-weekly': keep('ISO weeks', 4),
    'keep-monthly': keep('months', 3),
    'dry-run': Flags.boolean({
      description: 'change nothing; show every backup with what would become of it and why',
    }),
  }

  async run(): Promise<RotationReport> {
    const {flags} = await this.parse(DbRotate)
    const {applyRotation, planRotation, reportPlan} = await import('../../backup/rotate.js')
    const {rotateSummary, rotateUpdate} = await import('../../views/db/rotate.js')
    const policy = {
      daily: flags['keep-daily'],
      weekly: flags['keep-weekly'],
      monthly: flags['keep-monthly'],
    }
    const request = {...this.stackRequest(flags), dir: flags.dir, policy}
    const plan = await this.interruptible(() => planRotation(request))
    const report = flags['dry-run']
      ? reportPlan(plan)
      : await this.progress([['delete']], rotateUpdate, ctx => applyRotation(plan, ctx))
    this.log(rotateSummary(report))
    return report
  }
}
