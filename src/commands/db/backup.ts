import {availableParallelism} from 'node:os'
import {Flags} from '@oclif/core'
import type {BackupReport} from '../../backup/create.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, serverFlags} from '../../cli/flags.js'

export default class DbBackup extends BaseCommand<BackupReport> {
  static override summary = 'back up the schemas of the platform, all as they are at one moment'
  static override description = `Writes one compressed archive per schema, the roles, a manifest and checksums. The backup appears when it is complete; one that fails or is interrupted leaves nothing, and touches no other.

Takes the six schemas of the platform; one that is missing is an error. The server is the running stack's, or that of DATABASE_URL.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    {
      description: 'every night, from cron',
      command: '<%= config.bin %> <%= command.id %> --profile prod --rotate --json',
    },
    {
      description: 'before something risky, to be kept until you say otherwise',
      command: '<%= config.bin %> <%= command.id %> --label before-migration --pin',
    },
    {description: 'one schema', command: '<%= config.bin %> <%= command.id %> --schema user'},
  ]
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    schema: Flags.string({description: 'only this schema; repeatable', helpValue: 'NAME', multiple: true}),
    'all-schemas': Flags.boolean({
      description: 'also the schemas that the platform does not know',
      exclusive: ['schema'],
    }),
    label: Flags.string({description: 'a remark that db:list shows', helpValue: 'TEXT'}),
    pin: Flags.boolean({description: 'rotation keeps this backup until db:unpin'}),
    rotate: Flags.boolean({description: 'then delete old backups, as db:rotate does'}),
    jobs: Flags.integer({
      description: 'dumps at the same time [default: one per processor, 4 at most]',
      min: 1,
      max: 32,
      helpValue: 'N',
    }),
    compression: Flags.string({
      description: 'gzip:1 to gzip:9; zstd:1 to zstd:19, smaller and faster, from PostgreSQL 16 on; or none',
      default: 'gzip:1',
      helpValue: 'METHOD',
    }),
    format: Flags.option({
      options: ['plain', 'custom'] as const,
      description: 'plain is SQL for psql, custom is for pg_restore',
      default: 'plain' as const,
    })(),
  }

  async run(): Promise<BackupReport> {
    const {flags} = await this.parse(DbBackup)
    const {createBackup} = await import('../../backup/create.js')
    const {parseCompression} = await import('../../backup/archive/format.js')
    const {backupSummary, backupWords} = await import('../../views/db/backup.js')
    const {label, pin, rotate, format} = flags
    const request = {
      ...this.backupRequest(flags),
      schemas: flags.schema ?? [],
      allSchemas: flags['all-schemas'],
      label,
      pin,
      rotate,
      format,
      ...parseCompression(flags.compression),
      jobs: flags.jobs ?? Math.min(availableParallelism(), 4),
    }
    const report = await this.progress([], backupWords(), ctx => createBackup(request, ctx))
    const {sameFlags} = await import('../../backup/repository/location.js')
    this.log(
      backupSummary(report, sameFlags({profile: report.profile, dir: flags.dir, databaseUrl: undefined})),
    )
    return report
  }
}
