import {Flags} from '@oclif/core'
import type {RestorePreview} from '../../backup/restore/preview.js'
import type {RestoreReport} from '../../backup/restore/restore.js'
import {BaseCommand} from '../../cli/base-command.js'
import {backupFlags, serverFlags} from '../../cli/flags.js'

export default class DbRestore extends BaseCommand<RestoreReport | RestorePreview> {
  static override summary = 'restore one schema, or all: everything of it, or nothing'
  static override description = `First proves the archive and shows what would change, and changes nothing. After your yes it saves the schema as it is, replaces it in one transaction, compares the row counts with those of the backup, and prints the command that undoes it. Whatever fails or ends it before, the database stays as it was.

Foreign keys, triggers and publications of other schemas that hold on to the schema are made again; a view, function or column of theirs that needs it is a reason to refuse.`
  static override examples = [
    {description: 'the newest backup', command: '<%= config.bin %> <%= command.id %> --schema user'},
    {
      description: 'see what it would do',
      command: '<%= config.bin %> <%= command.id %> --schema user --dry-run',
    },
    {
      description: 'as it was before a moment',
      command: '<%= config.bin %> <%= command.id %> --schema user --at 2026-11-23T12:00:00Z',
    },
    {
      description: 'beside the original, to look at',
      command: '<%= config.bin %> <%= command.id %> --schema user --into look --create',
    },
    {
      description: 'on a bare server: the roles and every schema',
      command: '<%= config.bin %> <%= command.id %> --all --profile prod --yes',
    },
  ]
  static override flags = {
    ...backupFlags,
    ...serverFlags,
    schema: Flags.string({
      description: 'the schema to restore',
      helpValue: 'NAME',
      exactlyOne: ['schema', 'all'],
    }),
    all: Flags.boolean({description: 'every schema of the backup, and roles that are missing'}),
    from: Flags.string({
      description: 'ID of a backup, or the beginning of one [default: latest, which no restore made]',
      helpValue: 'ID',
      exclusive: ['at', 'file'],
    }),
    at: Flags.string({
      description: 'the newest backup from before then, in UTC unless it says otherwise',
      helpValue: 'TIME',
      exclusive: ['file'],
    }),
    file: Flags.string({
      description: 'an archive from anywhere: .sql, .sql.gz, .sql.zst or custom',
      helpValue: 'PATH',
      dependsOn: ['schema'],
    }),
    into: Flags.string({description: 'another database of the same server', helpValue: 'DATABASE'}),
    create: Flags.boolean({
      description: 'make the database of --into if it is not there',
      dependsOn: ['into'],
    }),
    'lock-timeout': Flags.integer({
      description: 'seconds to wait for tables that somebody uses',
      default: 10,
      min: 1,
      max: 86_400,
      helpValue: 'SECONDS',
    }),
    'dry-run': Flags.boolean({description: 'prove the archive, show the plan, and change nothing'}),
    yes: Flags.boolean({char: 'y', description: 'do not ask'}),
  }

  async run(): Promise<RestoreReport | RestorePreview> {
    const {flags} = await this.parse(DbRestore)
    const {planRestore} = await import('../../backup/restore/plan.js')
    const {previewOf} = await import('../../backup/restore/preview.js')
    const {applyRestore} = await import('../../backup/restore/restore.js')
    const words = await import('../../views/db/restore.js')
    const {schema, from = 'latest', at, file, into, create} = flags
    const lockTimeout = flags['lock-timeout']
    const request = {...this.backupRequest(flags), schema, from, at, file, into, create, lockTimeout}
    const plan = await this.interruptible(signal => planRestore(request, signal))
    if (!flags.yes || flags['dry-run']) this.log(words.planText(plan))
    if (flags['dry-run']) return previewOf(plan)
    if (!flags.yes) {
      const {confirmByName} = await import('../../cli/prompts/confirm.js')
      await confirmByName(words.restoreLoss(plan), words.restoreName(plan))
    }
    const tasks = words.RESTORE_TASKS
    const report = await this.progress(tasks, words.restoreWords(), ctx => applyRestore(plan, ctx))
    this.log(words.restoreSummary(report))
    return report
  }
}
