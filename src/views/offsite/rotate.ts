import chalk from 'chalk'
import type {ProgressUpdate} from '../../cli/progress/printer.js'
import {printable} from '../../cli/terminal/printable.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {OffsiteRotateEvent, OffsiteRotationReport} from '../../offsite/rotate.js'
import {size} from '../../system/text/size.js'
import {keepReasons, keepSummary} from '../db/keep-reasons.js'
import {renderRotation, type RotationRow} from '../db/rotate.js'

/** The tasks of a rotation, in the order in which they run. */
export const ROTATE_TASKS = [['check'], ['forget'], ['prune']]

/** Turns an event of `offsite:rotate` into a progress update. */
export function offsiteRotateUpdate({step, state}: OffsiteRotateEvent): ProgressUpdate {
  return {task: step, state, detail: state === 'done' ? 'done' : 'started'}
}

/**
 * Renders each backup with its action and the reasons, newest first, the totals, and how to complete a push.
 * @param flags the location flags, which this command repeats
 */
export function offsiteRotateSummary(report: OffsiteRotationReport, flags: string): string {
  const rows = toRows(report)
  const name = printable(report.repository)
  if (rows.length + report.orphans.length === 0)
    return wrap(`There are no backups in ${name}.`, 0, process.stdout)
  return [
    chalk.dim(name),
    renderRotation(rows),
    '',
    ...sentences(report, flags).map(sentence => wrap(sentence, 0, process.stdout)),
  ].join('\n')
}

function toRows({kept, deleted, ignored, dryRun}: OffsiteRotationReport): RotationRow[] {
  const deletion = dryRun ? 'delete' : 'deleted'
  return [
    ...kept.map(({reasons, ...one}) => ({
      ...one,
      action: 'keep',
      reasons: keepReasons(reasons, one.schemas).map(printable),
      short: keepSummary(reasons),
    })),
    ...deleted.map(one => ({...one, action: deletion, reasons: ['not kept by any rule'], short: deletion})),
    ...ignored.map(({why, ...one}) => ({
      ...one,
      action: 'ignore',
      reasons: [IGNORED[why]],
      short: `ignore: ${why}`,
    })),
  ].sort((a, b) => (a.id < b.id ? 1 : -1))
}

const IGNORED = {
  date: 'its date is not when it was first seen',
  tags: 'its snapshots have different tags',
  unverified: 'the push that copied it has not checked the repository yet',
}

function sentences(
  {kept, deleted, orphans, ignored, otherProjects, dryRun}: OffsiteRotationReport,
  flags: string,
): string[] {
  const unverified = ignored.filter(({why}) => why === 'unverified').length
  const suspicious = ignored.length - unverified
  const freed = size(deleted.reduce((sum, {bytes}) => sum + bytes, 0))
  return [
    dryRun
      ? `Backups to keep: ${kept.length}, to delete: ${deleted.length}. Nothing was changed.`
      : `Backups kept: ${kept.length}, deleted: ${deleted.length}${deleted.length > 0 ? ` (up to ${freed})` : ''}.`,
    ...(orphans.length > 0
      ? [
          `${dryRun ? 'To delete as well' : 'Deleted as well'}, because their backup is gone: ${orphans.map(({store, id}) => `${store} of ${id}`).join(', ')}.`,
        ]
      : []),
    ...(suspicious > 0
      ? [`Backups ignored, because they are not credible: ${suspicious}. Find out who added them.`]
      : []),
    ...(unverified > 0
      ? [
          `Backups ignored, because they are not verified: ${unverified}. Complete the push: aquastream offsite:push ${flags}`,
        ]
      : []),
    ...(otherProjects.length > 0 ? [`Other projects are not changed: ${otherProjects.join(', ')}.`] : []),
  ]
}
