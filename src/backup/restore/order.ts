import {PLATFORM} from '../../stack/schemas.js'
import type {SourceArchive} from './source.js'

/**
 * Archives in the order in which they can be replayed: what a schema's views, types and columns need comes before
 * it. Foreign keys and triggers do not count, they come after all. In a circle the order of migrations decides.
 */
export function inOrderOfNeed(archives: SourceArchive[]): SourceArchive[] {
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

/** As pg_identify_object calls them. */
const MADE_LAST = new Set(['table constraint', 'trigger', 'policy'])
