import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {ENGINES} from '../../engines/choice.js'
import type {UpReport} from '../../env/up.js'

export default class EnvUp extends BaseCommand<UpReport> {
  static override summary = 'bring the stack up and wait until every service is healthy'
  static override description = `Checks first, and reports everything that stands in the way at once: the engine, the settings, free ports, disk space. Then fetches images, starts, and waits; ends at the first service that cannot become healthy, with its name, the cause and its last log lines. On a running stack it changes nothing and says so.

In dev, a backend whose image this machine does not have is played by a stub; --stub and --real choose otherwise.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile dev',
    {description: 'the database alone', command: '<%= config.bin %> <%= command.id %> --service postgres'},
    {
      description: 'work on one service: its image, and stubs for the others',
      command: '<%= config.bin %> <%= command.id %> --stub all --real user',
    },
    {
      description: 'without Docker, from programs of this machine',
      command: '<%= config.bin %> <%= command.id %> --engine embedded',
    },
    {description: 'with newer images', command: '<%= config.bin %> <%= command.id %> --profile prod --pull'},
    {description: 'for scripts', command: '<%= config.bin %> <%= command.id %> --profile stage --json'},
  ]
  static override flags = {
    service: Flags.string({
      description: 'only this service, with what it needs; repeatable',
      helpValue: 'NAME',
      multiple: true,
    }),
    stub: Flags.string({
      description: 'run these backends as stubs, though their images are here; dev only',
      helpValue: 'SERVICES|all',
      multiple: true,
      delimiter: ',',
    }),
    real: Flags.string({
      description: 'run these backends from their images, which are pulled if need be',
      helpValue: 'SERVICES|all',
      multiple: true,
      delimiter: ',',
    }),
    engine: Flags.option({
      options: ENGINES,
      default: 'auto' as const,
      description:
        'Docker Compose, or programs of this machine, for dev alone; auto takes Docker where it answers',
    })(),
    pull: Flags.boolean({description: 'ask the registry for newer images first'}),
    timeout: Flags.integer({
      description: 'seconds to wait until all are healthy',
      default: 300,
      min: 1,
      max: 86_400,
      helpValue: 'SECONDS',
    }),
    'no-wait': Flags.boolean({description: 'end when all are started; what others need is still waited for'}),
  }

  async run(): Promise<UpReport> {
    const {flags} = await this.parse(EnvUp)
    const {bringUp} = await import('../../env/up.js')
    const {UP_TASKS, upSummary, upUpdate} = await import('../../views/env/up.js')
    const {service: services = [], stub = [], real = [], engine, pull, timeout} = flags
    const wait = !flags['no-wait']
    const request = {...this.stackRequest(flags), services, stub, real, engine, pull, wait, timeout}
    const report = await this.progress(UP_TASKS, upUpdate, ctx => bringUp(request, ctx))
    this.log(upSummary(report))
    return report
  }
}
