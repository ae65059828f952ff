import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import type {CheckReport} from '../../offsite/check.js'

export default class OffsiteCheck extends BaseCommand<CheckReport> {
  static override summary = 'check the off-site repository for damage and stale locks'
  static override description = `Without --read-data-subset, checks that no file of the repository is missing; wrong content is found only where the data is read. Exits 7 if the repository is damaged, and 8 if another process is deleting from it.

Removes the locks of processes of this machine that have ended. Other stale locks are listed with their host and age, and the command exits 8.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile prod',
    {
      description: 'every week, to read the whole repository within ten weeks',
      command: '<%= config.bin %> <%= command.id %> --read-data-subset 10%',
    },
  ]
  static override flags = {
    'read-data-subset': Flags.string({
      description:
        'also read this part of the data: a random one such as 10% or 500M, or a fixed one such as 1/10',
      helpValue: 'PART',
    }),
    unlock: Flags.boolean({description: 'remove all locks, also of other machines'}),
  }

  async run(): Promise<CheckReport> {
    const {flags} = await this.parse(OffsiteCheck)
    const {checkOffsite, findStaleLocks, parseSubset} = await import('../../offsite/check.js')
    const {CHECK_TASKS, checkSummary, checkUpdate} = await import('../../views/offsite/check.js')
    const subset = parseSubset(flags['read-data-subset'])
    const stack = await this.stackContext(flags)
    const request = {stack, subset, unlock: flags.unlock}
    const report = await this.progress(CHECK_TASKS, checkUpdate, ctx => checkOffsite(request, ctx))
    this.log(checkSummary(report))
    await this.reportProblems(findStaleLocks(report))
    return report
  }
}
