import {Flags} from '@oclif/core'
import type {BackupReport, CreatedBackup} from '../../backup/create.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, serverFlags} from '../../cli/flags.js'
import type {StackContext} from '../../engines/stack-context.js'
import type {PushReport} from '../../offsite/push.js'

export default class DbBackup extends BaseCommand<BackupReport & {offsite?: PushReport}> {
  static override summary = 'back up the schemas of the platform from one consistent snapshot'
  static override description = `Writes one compressed archive per schema, the roles, a manifest and checksums. The backup appears when it is complete; a run that fails or is interrupted leaves no partial backup, and does not change other backups.

Backs up the six schemas of the platform; a missing schema is an error. The server is that of the running stack, or the one that DATABASE_URL names.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'nightly, from cron',
      command: '<%= config.bin %> <%= command.id %> --profile prod --rotate --json',
    },
    {
      description: 'before a risky change, kept until it is unpinned',
      command: '<%= config.bin %> <%= command.id %> --label before-migration --pin',
    },
    {
      description: 'nightly, with an encrypted copy elsewhere',
      command: '<%= config.bin %> <%= command.id %> --profile prod --rotate --offsite --json',
    },
    {description: 'one schema only', command: '<%= config.bin %> <%= command.id %> --schema user'},
  ]
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    schema: Flags.string({
      description: 'back up only this schema; repeatable',
      helpValue: 'NAME',
      multiple: true,
    }),
    'all-schemas': Flags.boolean({
      description: 'also back up the schemas that are not part of the platform',
      exclusive: ['schema'],
    }),
    label: Flags.string({description: 'label shown by db:list', helpValue: 'TEXT'}),
    pin: Flags.boolean({description: 'pin the backup, so that rotation keeps it until db:unpin'}),
    rotate: Flags.boolean({description: 'delete old backups afterwards, as db:rotate does'}),
    offsite: Flags.boolean({
      description:
        'copy the backups to the off-site repository afterwards, as offsite:push does; exits 11 if only that fails',
    }),
    jobs: Flags.integer({
      description: 'number of parallel dumps [default: one per processor, at most 4]',
      min: 1,
      max: 32,
      helpValue: 'N',
    }),
    compression: Flags.string({
      description:
        'gzip (by igzip if it is installed, else level 1), gzip:1 to gzip:9, none, or zstd:1 to zstd:19 (smaller and faster; PostgreSQL 16 or later)',
      default: 'gzip',
      helpValue: 'METHOD',
    }),
    format: Flags.option({
      options: ['plain', 'custom'] as const,
      description: 'plain: SQL for psql; custom: for pg_restore',
      default: 'plain' as const,
    })(),
  }

  async run(): Promise<BackupReport & {offsite?: PushReport}> {
    const {flags} = await this.parse(DbBackup)
    const {createBackup, defaultJobs} = await import('../../backup/create.js')
    const {parseCompression} = await import('../../backup/archive/format.js')
    const {backupSummary, backupUpdates} = await import('../../views/db/backup.js')
    const {label, pin, rotate, format} = flags
    const stack = await this.stackContext(flags)
    const request = {
      stack,
      schemas: flags.schema ?? [],
      allSchemas: flags['all-schemas'],
      label,
      kind: 'backup' as const,
      pin,
      rotate,
      format,
      ...parseCompression(flags.compression),
      jobs: flags.jobs ?? defaultJobs(),
    }
    const created = await this.progress([], backupUpdates(), ctx => createBackup(request, ctx))
    const {report, rotationFailure} = created
    this.log(backupSummary(report, stack.repositoryFlags))
    const offsite = flags.offsite && (await this.push(created, stack))
    if (rotationFailure) throw rotationFailure
    return offsite ? {...report, offsite} : report
  }

  /** Copies the backups to the off-site repository. The local backup is complete, whatever happens here. */
  private async push({report, rotationFailure}: CreatedBackup, stack: StackContext): Promise<PushReport> {
    const {naming, pushOffsite} = await import('../../offsite/push.js')
    const {pushSummary, pushUpdates} = await import('../../views/offsite/push.js')
    const pushed = await this.progress([], pushUpdates(), ctx => pushOffsite(stack, ctx)).catch(
      naming(report.id, rotationFailure),
    )
    this.log(`\n${pushSummary(pushed)}`)
    return pushed
  }
}
