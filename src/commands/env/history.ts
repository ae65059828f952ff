import {BaseCommand} from '../../cli/base-command.js'
import type {HistoryReport} from '../../env/updates/history.js'

export default class EnvHistory extends BaseCommand<HistoryReport> {
  static override summary = 'list the updates of the stack: when, by whom, from, to, result'
  static override description =
    'The newest 20 updates of stage or prod. The swarm engine keeps them in the Swarm, readable on any manager; the compose engine keeps the changes of images in the state directory of the user who made them.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile prod',
    {description: 'for scripts', command: '<%= config.bin %> <%= command.id %> --json | jq ".updates[0]"'},
  ]

  async run(): Promise<HistoryReport> {
    const {flags} = await this.parse(EnvHistory)
    const {readHistory} = await import('../../env/updates/history.js')
    const {damagedText, historyTable} = await import('../../views/env/history.js')
    const stack = await this.stackContext(flags)
    const report = await this.interruptible(signal => readHistory(stack, signal))
    this.log(historyTable(report))
    if (report.damaged.length > 0) {
      const {writeWarning} = await import('../../cli/failure.js')
      for (const path of report.damaged) writeWarning(damagedText(path))
    }
    return report
  }
}
