import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.js'
import {waitFlags} from '../../cli/flags.js'
import {ENGINES} from '../../engines/choice.js'
import type {UpReport} from '../../env/up.js'

export default class EnvUp extends BaseCommand<UpReport> {
  static override summary = 'start the stack and wait until every service is healthy'
  static override description = `First checks the engine, the settings, ports and disk space, and reports all problems at once. Then fetches missing images, starts the services, and waits. If a service cannot become healthy, stops waiting at once and reports the service, the cause and its last log lines. If the stack is already up, changes nothing and says so.

In stage and prod, a service that owns a schema is backed up before its image changes, with the label before-VERSION; rotation keeps this backup for 7 days. If the backup fails, the update does not begin. On the compose engine an update interrupts the service, which is announced; the swarm engine updates backends without interruption. env:history lists the updates, and env:rollback returns to the previous version.

In dev, a backend whose image does not exist on this machine is replaced by a stub; --stub and --real override this.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --profile dev',
    {description: 'the database only', command: '<%= config.bin %> <%= command.id %> --service postgres'},
    {
      description: 'to work on one service: its image, and stubs for the others',
      command: '<%= config.bin %> <%= command.id %> --stub all --real user',
    },
    {
      description: 'without Docker, with programs installed on this machine',
      command: '<%= config.bin %> <%= command.id %> --engine embedded',
    },
    {
      description: 'with updates without interruption, on one server or several',
      command: '<%= config.bin %> <%= command.id %> --profile prod --engine swarm',
    },
    {description: 'with newer images', command: '<%= config.bin %> <%= command.id %> --profile prod --pull'},
    {description: 'for scripts', command: '<%= config.bin %> <%= command.id %> --profile stage --json'},
  ]
  static override flags = {
    service: Flags.string({
      description: 'start only this service and its dependencies; repeatable',
      helpValue: 'NAME',
      multiple: true,
    }),
    stub: Flags.string({
      description: 'run these backends as stubs, even if their images exist; dev only',
      helpValue: 'SERVICES|all',
      multiple: true,
      delimiter: ',',
    }),
    real: Flags.string({
      description: 'run these backends from their images, which are pulled if missing',
      helpValue: 'SERVICES|all',
      multiple: true,
      delimiter: ',',
    }),
    engine: Flags.option({
      options: ENGINES,
      default: 'auto' as const,
      description:
        'compose: Docker Compose; swarm: Docker Swarm, stage and prod only; embedded: programs installed on this machine, dev only; auto: AQUASTREAM_ENGINE, else compose; in dev, embedded if Docker is not available',
    })(),
    'advertise-addr': Flags.string({
      description:
        'address at which other servers reach this one, to create a Swarm on a machine with several',
      helpValue: 'ADDRESS',
    }),
    yes: Flags.boolean({char: 'y', description: 'do not ask before a Swarm is created'}),
    pull: Flags.boolean({description: 'pull newer images first'}),
    'no-backup': Flags.boolean({
      description: 'do not back up the schemas of services whose images change',
    }),
    ...waitFlags,
    'no-wait': Flags.boolean({
      description: 'return when all services have been started; wait only for their dependencies',
    }),
  }

  async run(): Promise<UpReport> {
    const {flags} = await this.parse(EnvUp)
    const {startStack, findConsent} = await import('../../env/up.js')
    const {UP_TASKS, upSummary, upUpdate} = await import('../../views/env/up.js')
    const {service: services = [], stub = [], real = [], engine, pull, timeout} = flags
    const wait = !flags['no-wait']
    const stack = await this.stackContext(flags)
    const request = {
      stack,
      services,
      stub,
      real,
      engine,
      pull,
      wait,
      timeout,
      advertiseAddress: flags['advertise-addr'],
      backUp: flags['no-backup']
        ? undefined
        : async (wanted: {schemas: string[]; label: string}, signal: AbortSignal) => {
            const {backUpBeforeUpdate} = await import('../../backup/before-update.js')
            return backUpBeforeUpdate(stack, wanted, signal)
          },
    }
    const consent = flags.yes ? undefined : await this.interruptible(() => findConsent(request))
    if (consent !== undefined) {
      const {confirmChange} = await import('../../cli/prompts/confirm.js')
      const rewrite = await this.hintRewriter()
      await this.interruptible(signal => confirmChange(rewrite(consent), signal))
    }
    const report = await this.progress(UP_TASKS, upUpdate, ctx => startStack(request, ctx))
    this.log(upSummary(report, stack.repositoryFlags))
    return report
  }
}
