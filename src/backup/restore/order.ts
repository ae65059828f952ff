import {PLATFORM} from '../../stack/schemas.js'
import type {SourceArchive} from './source.js'

/**
 * Sorts archives into the order of their replay: each schema comes after the schemas that its views, types and
 * columns depend on. Foreign keys, triggers and policies are ignored, because they are created last. A cycle is
 * resolved by the order of the migrations.
 */
export function sortByDependency(archives: SourceArchive[]): SourceArchive[] {
  const rank = ({schema}: SourceArchive): number => {
    const index = PLATFORM.indexOf(schema)
    return index < 0 ? PLATFORM.length : index
  }
  const waiting = archives.toSorted((a, b) => rank(a) - rank(b))
  const sorted: SourceArchive[] = []
  while (waiting.length > 0) {
    const free = waiting.findIndex(
      archive => !waiting.some(other => other !== archive && needs(archive, other)),
    )
    sorted.push(...waiting.splice(Math.max(free, 0), 1))
  }
  return sorted
}

function needs({known}: SourceArchive, {schema}: SourceArchive): boolean {
  return (known?.links ?? []).some(link => link.schema === schema && !MADE_LAST.has(link.kind))
}

/** Types of objects that are created last, as pg_identify_object names them. */
const MADE_LAST = new Set(['table constraint', 'trigger', 'policy'])
