import {Flags} from '@oclif/core'
import {DEFAULT_POLICY} from '../../backup/policy.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, keepFlags, toPolicy} from '../../cli/flags.js'
import type {OffsiteRotationReport} from '../../offsite/rotate.js'

export default class OffsiteRotate extends BaseCommand<OffsiteRotationReport> {
  static override summary = 'delete backups outside the retention policy from the off-site repository'
  static override description = `Checks the repository first, and deletes nothing from a damaged one. The policy is that of db:rotate. Local backups are not changed. A pin protects a backup on every machine: offsite:push copies it, also if the backup was pinned later. A pin that was copied stays, also after db:unpin. Media and Redis are deleted with their backup, or if it is gone.

A backup that is dated in the future, or more than 24 hours before or after this machine first saw it, neither counts for the policy nor is deleted. Therefore a server that may only add backups cannot push out real ones by false dates.`
  static override examples = [
    {
      description: 'show what would be deleted, and why the other backups are kept',
      command: '<%= config.bin %> <%= command.id %> --dry-run',
    },
    {
      description: 'keep a year',
      command: '<%= config.bin %> <%= command.id %> --profile prod --keep-monthly 12',
    },
  ]
  static override flags = {
    ...backupFlags,
    ...keepFlags(DEFAULT_POLICY),
    'dry-run': Flags.boolean({
      description: 'delete nothing; show the action for each backup and the reason',
      default: false,
    }),
  }

  async run(): Promise<OffsiteRotationReport> {
    const {flags} = await this.parse(OffsiteRotate)
    const {rotateOffsite} = await import('../../offsite/rotate.js')
    const view = await import('../../views/offsite/rotate.js')
    const stack = await this.stackContext(flags)
    const request = {stack, policy: toPolicy(flags), dryRun: flags['dry-run']}
    const report = await this.progress(view.ROTATE_TASKS, view.offsiteRotateUpdate, ctx =>
      rotateOffsite(request, ctx),
    )
    this.log(view.offsiteRotateSummary(report, stack.repositoryFlags))
    return report
  }
}
