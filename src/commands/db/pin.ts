import {Args} from '@oclif/core'
import type {PinReport} from '../../backup/pin.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags} from '../../cli/flags.js'

export default class DbPin extends BaseCommand<PinReport> {
  static override summary = 'pin a backup, so that rotation never deletes it'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261123T020000Z',
    {description: 'before a risky change', command: '<%= config.bin %> <%= command.id %> latest'},
  ]
  static override args = {
    id: Args.string({description: 'ID of a backup, a unique prefix of one, or latest', required: true}),
  }
  static override flags = backupFlags

  async run(): Promise<PinReport> {
    const {args, flags} = await this.parse(DbPin)
    const {setPin} = await import('../../backup/pin.js')
    const {pinSummary} = await import('../../views/db/pin.js')
    const {backups: directory} = await this.stackContext(flags)
    const report = await this.interruptible(() => setPin({directory, ref: args.id, pinned: true}))
    this.log(pinSummary(report))
    return report
  }
}
