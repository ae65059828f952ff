import {Flags} from '@oclif/core'
import type {RestoreRequest} from '../../backup/restore/plan.js'
import type {RestorePreview} from '../../backup/restore/preview.js'
import type {RestoreReport} from '../../backup/restore/restore.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, pathFlag, serverFlags} from '../../cli/flags.js'
import type {StackContext} from '../../engines/stack-context.js'
import type {OffsiteOnly} from '../../offsite/locate.js'

/** The JSON of a dry run whose backup is only in the off-site repository, so that nothing else is known of it. */
interface FetchPreview {
  offsite: OffsiteOnly
}

export default class DbRestore extends BaseCommand<RestoreReport | RestorePreview | FetchPreview> {
  static override summary = 'restore one schema or all, atomically'
  static override description = `First verifies the archives and shows what would change, without changing anything. After confirmation, takes a safety backup of the current state, replaces the schema in one transaction, compares the row counts with those of the backup, and prints the undo command. If the restore fails or is interrupted before the commit, the database remains unchanged.

Foreign keys, triggers and publications of other schemas that depend on the schema are recreated. If a view, function or column of another schema depends on it, the restore is refused.

With --from and --at, a backup that is only in the off-site repository is fetched and verified first; with --dry-run, the plan says so and ends there.`
  static override examples = [
    {description: 'from the newest backup', command: '<%= config.bin %> <%= command.id %> --schema user'},
    {
      description: 'show the plan and change nothing',
      command: '<%= config.bin %> <%= command.id %> --schema user --dry-run',
    },
    {
      description: 'from the newest backup taken before a point in time',
      command: '<%= config.bin %> <%= command.id %> --schema user --at 2026-11-23T12:00:00Z',
    },
    {
      description: 'into another database, to inspect',
      command: '<%= config.bin %> <%= command.id %> --schema user --into inspect --create',
    },
    {
      description: 'on an empty server: the roles and every schema',
      command: '<%= config.bin %> <%= command.id %> --all --profile prod --yes',
    },
  ]
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    schema: Flags.string({
      description: 'schema to restore',
      helpValue: 'NAME',
      exactlyOne: ['schema', 'all'],
    }),
    all: Flags.boolean({
      description:
        'restore every schema of the backup, and create missing roles; the default is the newest backup that has all of them',
    }),
    from: Flags.string({
      description: 'ID of a backup, or a unique prefix of one [default: latest, not counting safety backups]',
      helpValue: 'ID',
      exclusive: ['at', 'file'],
    }),
    at: Flags.string({
      description: 'newest backup taken before this time, which is in UTC unless it has an offset',
      helpValue: 'TIME',
      exclusive: ['file'],
    }),
    file: pathFlag({
      description: 'any archive file: .sql, .sql.gz, .sql.zst, or custom format',
      dependsOn: ['schema'],
    }),
    into: Flags.string({
      description: 'restore into another database of the same server',
      helpValue: 'DATABASE',
    }),
    create: Flags.boolean({
      description: 'create the --into database if it does not exist',
      dependsOn: ['into'],
    }),
    'lock-timeout': Flags.integer({
      description: 'seconds to wait for tables that are in use',
      default: 10,
      min: 1,
      max: 86_400,
      helpValue: 'SECONDS',
    }),
    'dry-run': Flags.boolean({description: 'verify the archives, show the plan, and change nothing'}),
    yes: Flags.boolean({char: 'y', description: 'do not ask for confirmation'}),
  }

  async run(): Promise<RestoreReport | RestorePreview | FetchPreview> {
    const {flags} = await this.parse(DbRestore)
    const {planRestore} = await import('../../backup/restore/plan.js')
    const {previewOf} = await import('../../backup/restore/preview.js')
    const {applyRestore} = await import('../../backup/restore/restore.js')
    const view = await import('../../views/db/restore.js')
    const {schema, from = 'latest', at, file, into, create} = flags
    const lockTimeout = flags['lock-timeout']
    const stack = await this.stackContext(flags)
    const request = {stack, schema, from, at, file, into, create, lockTimeout}
    const offsite = await this.locate(request)
    if (offsite && (!flags.yes || flags['dry-run'])) this.log(view.fetchText(offsite))
    if (offsite && flags['dry-run']) return {offsite}
    if (offsite) await this.fetch(stack, offsite)
    const plan = await this.interruptible(signal => planRestore(request, signal))
    if (!flags.yes || flags['dry-run']) this.log(view.planText(plan))
    if (flags['dry-run']) return previewOf(plan)
    if (!flags.yes) {
      const {confirmByName} = await import('../../cli/prompts/confirm.js')
      const [loss, name] = [view.restoreLoss(plan), view.restoreName(plan)]
      await this.interruptible(signal => confirmByName(loss, name, signal))
    }
    const tasks = view.RESTORE_TASKS
    const report = await this.progress(tasks, view.restoreUpdates(), ctx => applyRestore(plan, ctx))
    this.log(view.restoreSummary(report))
    return report
  }

  /** Finds out whether the backup has to be fetched from the off-site repository. */
  private async locate(request: RestoreRequest): Promise<OffsiteOnly | undefined> {
    const {locateBackup} = await import('../../offsite/locate.js')
    const {offsite, warning} = await this.interruptible(signal => locateBackup(request, signal))
    if (warning !== undefined) (await import('../../cli/failure.js')).writeWarning(warning)
    return offsite
  }

  private async fetch(stack: StackContext, {id}: OffsiteOnly): Promise<void> {
    const {planPull, pullOffsite} = await import('../../offsite/pull.js')
    const {pullTasks, pullUpdate} = await import('../../views/offsite/pull.js')
    await this.progress(pullTasks([]), pullUpdate, async ctx =>
      pullOffsite(await planPull({stack, stores: [], ref: id}, ctx.signal), ctx),
    )
  }
}
