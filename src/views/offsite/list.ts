import chalk from 'chalk'
import {ago} from '../../cli/terminal/ago.js'
import {printable} from '../../cli/terminal/printable.js'
import {type Column, renderTable} from '../../cli/terminal/table.js'
import {wrap} from '../../cli/terminal/wrap.js'
import type {OffsiteListReport, SnapshotReport} from '../../offsite/list.js'
import {size} from '../../system/text/size.js'

/** Renders the snapshots of a stack in its off-site repository, newest first. */
export function offsiteListSummary({
  repository,
  snapshots,
  otherProjects,
  unknown,
}: OffsiteListReport): string {
  const sentences = [
    ...(snapshots.length === 0 ? [`There are no backups in ${repository}.`] : []),
    ...(otherProjects.length > 0
      ? [`Other projects with snapshots in this repository: ${otherProjects.join(', ')}.`]
      : []),
    ...(unknown.length > 0 ? [`Snapshots that aquastream did not make: ${unknown.length}.`] : []),
  ].map(sentence => wrap(printable(sentence), 0, process.stdout))
  const table =
    snapshots.length > 0 ? [chalk.dim(printable(repository)), renderTable(COLUMNS, snapshots)] : []
  return [...table, ...(table.length > 0 && sentences.length > 0 ? [''] : []), ...sentences].join('\n')
}

const COLUMNS: Column<SnapshotReport>[] = [
  {title: 'id', priority: 0, cell: ({id}) => id},
  {title: 'age', priority: 0, cell: ({takenAt}) => ago(new Date(takenAt))},
  {title: 'size', priority: 1, cell: ({bytes}) => size(bytes)},
  {title: 'schemas', priority: 2, cell: ({schemas}) => printable(schemaText(schemas))},
  {title: 'with', priority: 3, cell: ({stores}) => storesText(stores)},
  {title: 'state', priority: 4, cell: stateText},
  {title: 'local', priority: 3, cell: ({local}) => (local ? 'yes' : 'no')},
  {title: 'snapshot', priority: 5, cell: ({snapshot}) => snapshot.slice(0, 8)},
]

function schemaText(schemas: string[]): string {
  return schemas.length > 2 ? String(schemas.length) : schemas.join(', ') || '-'
}

function storesText(stores: SnapshotReport['stores']): string {
  const parts = stores.map(({store, savedAt}) =>
    savedAt.length > 1 ? `${store} (${savedAt.length} copies)` : store,
  )
  return parts.join(', ') || '-'
}

function stateText({kind, pinned, verified}: SnapshotReport): string {
  const parts = [
    verified ? [] : 'not verified',
    kind === 'safety' ? 'safety' : [],
    pinned ? 'pinned' : [],
  ].flat()
  return parts.length > 0 ? parts.join(', ') : 'complete'
}
