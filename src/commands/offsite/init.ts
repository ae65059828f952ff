import {BaseCommand} from '../../cli/base-command.js'
import type {OffsiteInitReport} from '../../offsite/init.js'

export default class OffsiteInit extends BaseCommand<OffsiteInitReport> {
  static override summary = 'create the encrypted off-site repository'
  static override description =
    'Creates a repository of restic at OFFSITE_REPOSITORY, encrypted with OFFSITE_PASSWORD. A repository that exists and has this password stays as it is. Without the password nobody can read the repository: keep a copy of the settings file on another machine.'
  static override examples = ['<%= config.bin %> <%= command.id %> --profile prod']

  async run(): Promise<OffsiteInitReport> {
    const {flags} = await this.parse(OffsiteInit)
    const {initOffsite} = await import('../../offsite/init.js')
    const {initSummary} = await import('../../views/offsite/init.js')
    const stack = await this.stackContext(flags)
    const report = await this.interruptible(signal => initOffsite(stack, signal))
    this.log(initSummary(report, stack.repositoryFlags))
    return report
  }
}
