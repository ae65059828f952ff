import {Args, Flags} from '@oclif/core'
import type {VerifyReport} from '../../backup/verify.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, serverFlags} from '../../cli/flags.js'

export default class DbVerify extends BaseCommand<VerifyReport> {
  static override summary = 'verify backups, optionally by a test restore'
  static override description = `Reads every archive completely and checks its checksum, its compression, and that it is a complete dump of one schema. With --restore, also restores each backup into a scratch database on the same server, compares the row counts, and drops the database. If a backup is damaged, the report is still printed, and the exit status is 7.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {description: 'the newest backup only', command: '<%= config.bin %> <%= command.id %> latest'},
    {
      description: 'test restore of the newest backup',
      command: '<%= config.bin %> <%= command.id %> latest --restore',
    },
  ]
  static override strict = false
  static override args = {
    id: Args.string({
      description: 'ID of a backup, a unique prefix of one, or latest; repeatable [default: all]',
    }),
  }
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    restore: Flags.boolean({description: 'also perform a test restore into a scratch database'}),
  }

  async run(): Promise<VerifyReport> {
    const {flags, argv} = await this.parse(DbVerify)
    const {findDamage, verifyBackups} = await import('../../backup/verify.js')
    const {verifyTable, verifyUpdate} = await import('../../views/db/verify.js')
    const stack = await this.stackContext(flags)
    const request = {stack, ids: argv as string[], restore: flags.restore}
    const report = await this.progress([['verify']], verifyUpdate, ctx => verifyBackups(request, ctx))
    this.log(verifyTable(report))
    await this.reportProblems(findDamage(report))
    return report
  }
}
