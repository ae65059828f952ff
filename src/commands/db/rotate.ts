import {Flags} from '@oclif/core'
import {DEFAULT_POLICY} from '../../backup/policy.js'
import type {RotationReport} from '../../backup/rotate.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, keepFlags, toPolicy} from '../../cli/flags.js'

export default class DbRotate extends BaseCommand<RotationReport> {
  static override summary = 'delete backups outside the retention policy'
  static override description = `The retention policy works as in restic: it counts days, ISO weeks and months in UTC, and only those that have a backup; a rule that has not reached its number also keeps the oldest backup. It applies to each schema separately, and a backup is kept while any of its schemas needs it. Safety backups are kept for a week and do not count.

Backups that are pinned, not complete or dated in the future are never deleted, and neither is the newest complete backup of each schema, regardless of the policy and the clock. Therefore, db:rotate does not ask for confirmation.`
  static override examples = [
    {
      description: 'show what would be deleted, and why the other backups are kept',
      command: '<%= config.bin %> <%= command.id %> --dry-run',
    },
    '<%= config.bin %> <%= command.id %> --profile prod',
    {
      description: 'keep two weeks of daily backups',
      command: '<%= config.bin %> <%= command.id %> --keep-daily 14',
    },
  ]
  static override flags = {
    ...backupFlags,
    ...keepFlags(DEFAULT_POLICY),
    'dry-run': Flags.boolean({
      description: 'change nothing; show the action for each backup and the reason',
    }),
  }

  async run(): Promise<RotationReport> {
    const {flags} = await this.parse(DbRotate)
    const {applyRotation, planRotation, reportPlan} = await import('../../backup/rotate.js')
    const {rotateSummary, rotateUpdate} = await import('../../views/db/rotate.js')
    const {backups} = await this.stackContext(flags)
    const plan = await this.interruptible(() => planRotation(backups, toPolicy(flags)))
    const report = flags['dry-run']
      ? reportPlan(plan)
      : await this.progress([['delete']], rotateUpdate, ctx => applyRotation(plan, ctx))
    this.log(rotateSummary(report))
    return report
  }
}
