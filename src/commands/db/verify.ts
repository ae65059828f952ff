import {Args, Flags} from '@oclif/core'
import type {VerifyReport} from '../../backup/verify.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, serverFlags} from '../../cli/flags.js'

export default class DbVerify extends BaseCommand<VerifyReport> {
  static override summary = 'prove that backups are good, or rehearse their restore'
  static override description = `Reads every archive to its end: checksum, packing, last line. With --restore it also restores each backup into a scratch database on the same server, compares the row counts, and drops it. Exits 7 when one is damaged, with the same report.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {description: 'the newest alone', command: '<%= config.bin %> <%= command.id %> latest'},
    {
      description: 'a rehearsal of the bad day',
      command: '<%= config.bin %> <%= command.id %> latest --restore',
    },
  ]
  static override strict = false
  static override args = {
    id: Args.string({
      description: 'a backup, by its ID, the beginning of it, or latest; all when none is named',
    }),
  }
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    restore: Flags.boolean({description: 'also restore into a scratch database'}),
  }

  async run(): Promise<VerifyReport> {
    const {flags, argv} = await this.parse(DbVerify)
    const {findDamage, verifyBackups} = await import('../../backup/verify.js')
    const {verifyTable, verifyUpdate} = await import('../../views/db/verify.js')
    const request = {...this.backupRequest(flags), ids: argv as string[], restore: flags.restore}
    const report = await this.progress([['verify']], verifyUpdate, ctx => verifyBackups(request, ctx))
    this.log(verifyTable(report))
    await this.conclude(findDamage(report))
    return report
  }
}
