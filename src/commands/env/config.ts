import {BaseCommand} from '../../cli/base-command.js'
import type {ConfigReport} from '../../env/config.js'

export default class EnvConfig extends BaseCommand<ConfigReport> {
  static override summary = 'show every setting and its source; secrets are masked'
  static override description =
    'Also lists values that are ignored because another source takes precedence, and unused variables. Needs no engine and changes nothing: secrets of dev that do not exist yet are not generated. If env:up would reject the settings, the report is followed by the reasons, and the exit status is that of env:up.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'before a deployment: exits 2 or 9 if a setting is missing, invalid or a placeholder',
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
    const stack = await this.stackContext(flags)
    const report = await this.interruptible(() => explainConfig(stack))
    this.log(configSummary(report))
    await this.reportProblems(...report.problems)
    return report
  }
}
