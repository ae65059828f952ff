import type {KeepReason} from '../../backup/retention.js'

type Ruled = Extract<KeepReason, {bucket: string}>

/** Why a set stays, each reason once: `daily 2026-11-23`, and of which schemas when not of all. */
export function keepReasons(reasons: KeepReason[], schemas: string[]): string[] {
  const plain = reasons.flatMap(({rule}) => PLAIN[rule] ?? [])
  const ruled = reasons.filter(reason => 'bucket' in reason)
  const rules = [...new Set(ruled.map(ruleWords))].map(
    words =>
      words +
      ofSchemas(
        ruled.filter(reason => ruleWords(reason) === words),
        schemas,
      ),
  )
  return [...plain, ...(rules.length > 0 ? rules : newest(reasons, schemas))]
}

/** The same in a few words: `daily weekly`. */
export function keepWords(reasons: KeepReason[]): string {
  const [plain] = reasons.flatMap(({rule}) => PLAIN[rule] ?? [])
  const rules = new Set(reasons.flatMap(reason => ('bucket' in reason ? reason.rule : [])))
  if (reasons.some(({rule}) => rule === 'safety')) return 'this week'
  return plain ?? ([...rules].join(' ') || 'newest')
}

const PLAIN: Partial<Record<KeepReason['rule'], string>> = {
  pinned: 'pinned',
  safety: 'made by a restore this week',
  future: 'from the future',
}

function ruleWords({rule, bucket, oldest}: Ruled): string {
  return `${rule} ${bucket}${oldest ? ' (oldest)' : ''}`
}

/** Every rule keeps the newest set, so that being it is worth a word only where no rule does. */
function newest(reasons: KeepReason[], schemas: string[]): string[] {
  const floor = reasons.filter(({rule}) => rule === 'newest' || rule === 'newest-backup')
  return floor.length > 0 ? [`the newest${ofSchemas(floor, schemas)}`] : []
}

function ofSchemas(group: KeepReason[], schemas: string[]): string {
  const named = [...new Set(group.flatMap(reason => ('schema' in reason ? reason.schema : [])))]
  if (named.length === schemas.length) return ''
  return named.length > 2 ? ` of ${named.length} schemas` : ` of ${named.join(', ')}`
}
