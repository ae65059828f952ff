import {BaseCommand} from '../../cli/base-command.js'
import type {ConfigReport} from '../../env/config.js'

export default class EnvConfig extends BaseCommand<ConfigReport> {
  static override summary = 'show every setting, and where it comes from; secrets are masked'
  static override description =
    'Also what counts for nothing because an earlier place sets it, and what nothing reads. Needs no engine and changes nothing: secrets of dev that are not there yet are not made. When env:up would refuse the settings, says why and exits as it would, with the same report.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'before a deployment: exits 2 or 9 when a setting is missing, wrong or a placeholder',
      command: '<%= config.bin %> <%= command.id %> --profile prod',
    },
    {
      description: 'for scripts',
      command: '<%= config.bin %> <%= command.id %> --json | jq .settings',
    },
  ]

  async run(): Promise<ConfigReport> {
    const {flags} = await this.parse(EnvConfig)
    const {explainConfig} = await import('../../env/config.js')
    const {configSummary} = await import('../../views/env/config.js')
    const report = await this.interruptible(() => explainConfig(this.stackRequest(flags)))
    this.log(configSummary(report))
    await this.conclude(...report.problems)
    return report
  }
}
