import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../cli/base-command.js'
import {pathFlag} from '../cli/flags.js'
import type {LogLine} from '../engines/engine.js'
import type {BundleReport, BundleRequest} from '../support/bundle.js'

export default class Logs extends BaseCommand<BundleReport | undefined> {
  static override summary = 'show service logs, or export a support bundle'
  static override description = `Shows the logs of all services, or of those that are named, in chronological order. With --json, prints one object per line: service, time, text.

--bundle writes a support bundle: the newest lines of each log, the states of the services with their last health checks, versions, settings, and the list of backups. Every known secret is masked in any encoding, and so is everything that looks like a secret; the files are searched again before anything is written. Does not need a running stack.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --follow',
    '<%= config.bin %> <%= command.id %> user payment --since 10m',
    '<%= config.bin %> <%= command.id %> gateway --tail 100',
    {
      description: 'to share with support',
      command: '<%= config.bin %> <%= command.id %> --bundle report.tar.gz',
    },
  ]
  static override strict = false
  static override args = {service: Args.string({description: 'service to show; repeatable [default: all]'})}
  static override flags = {
    follow: Flags.boolean({char: 'f', description: 'stream new lines until Ctrl-C'}),
    since: Flags.string({
      description: 'only lines since this time: 10m, 2h, or 2026-11-23T02:00:00Z',
      helpValue: 'TIME',
    }),
    tail: Flags.integer({
      char: 'n',
      description: 'only the last lines of each service',
      min: 0,
      helpValue: 'LINES',
    }),
    bundle: pathFlag({
      description: 'write a support bundle to this new file, with every secret masked',
      exclusive: ['follow'],
      helpValue: 'FILE.tar.gz',
    }),
  }

  async run(): Promise<BundleReport | undefined> {
    const {flags, argv} = await this.parse(Logs)
    const {follow, since, tail, bundle} = flags
    const stack = await this.stackContext(flags)
    const request = {stack, services: argv as string[], follow, since, tail}
    if (bundle !== undefined) return this.bundle({...request, file: bundle})
    const {readLogs} = await import('../logs/read.js')
    const {LineWriter} = await import('../cli/terminal/output.js')
    const {lineText, noLines} = await import('../views/logs/lines.js')
    const render = this.jsonEnabled() ? (line: LogLine) => JSON.stringify(line) : lineText
    await this.untilInterrupted(async signal => {
      const output = new LineWriter()
      let lines = 0
      try {
        for await (const line of readLogs(request, signal)) {
          await output.write(render(line))
          lines++
        }
      } finally {
        output.flush()
      }
      if (lines === 0 && !follow && tail !== 0) this.logToStderr(noLines(request.services, since))
    })
    return undefined
  }

  private async bundle(request: BundleRequest): Promise<BundleReport> {
    const {writeBundle} = await import('../support/bundle.js')
    const {BUNDLE_TASKS, bundleSummary, bundleUpdate} = await import('../views/logs/bundle.js')
    const report = await this.progress(BUNDLE_TASKS, bundleUpdate, ctx => writeBundle(request, ctx))
    this.log(bundleSummary(report))
    return report
  }
}
