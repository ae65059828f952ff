import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import type {StatusReport} from '../../env/status.js'

export default class EnvStatus extends BaseCommand<StatusReport | undefined> {
  static override summary = 'show the state, health, restarts, memory and address of every service'
  static override description =
    'If a service is not healthy, the report is still printed, and the exit status is 4. In a terminal, columns that do not fit are omitted; a pipe and --json get every column.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --watch',
    {description: 'for scripts', command: '<%= config.bin %> <%= command.id %> --json | jq .healthy'},
  ]
  static override flags = {
    watch: Flags.boolean({
      char: 'w',
      description: 'show the report again after each change, until Ctrl-C; with --json, one report per line',
    }),
  }

  async run(): Promise<StatusReport | undefined> {
    const {flags} = await this.parse(EnvStatus)
    const {findUnhealthy, readStatus, watchStatus} = await import('../../env/status.js')
    const {statusTable} = await import('../../views/env/status.js')
    const stack = await this.stackContext(flags)
    if (flags.watch) {
      const {showLive} = await import('../../cli/terminal/output.js')
      const {canUpdateInPlace} = await import('../../cli/terminal/in-place.js')
      const json = this.jsonEnabled()
      const render = json ? (report: StatusReport) => JSON.stringify(report) : statusTable
      const inPlace = !json && canUpdateInPlace(process.stdout)
      await this.untilInterrupted(signal => showLive(watchStatus(stack, signal), render, {inPlace}))
      return undefined
    }
    const report = await this.interruptible(signal => readStatus(stack, signal))
    this.log(statusTable(report))
    await this.reportProblems(findUnhealthy(report))
    return report
  }
}
