import {SAFETY_DAYS} from '../../backup/policy.js'
import type {KeepReason} from '../../backup/retention.js'

type PolicyReason = Extract<KeepReason, {bucket: string}>

/**
 * Lists why a backup is kept, each reason once: `daily 2026-11-23`. A reason that does not hold for all schemas of
 * the backup names those for which it does.
 */
export function keepReasons(reasons: KeepReason[], schemas: string[]): string[] {
  const general = reasons.flatMap(({rule}) => GENERAL[rule] ?? [])
  const fromPolicy = reasons.filter(reason => 'bucket' in reason)
  const texts = [...new Set(fromPolicy.map(policyText))].map(
    text =>
      text +
      ofSchemas(
        fromPolicy.filter(reason => policyText(reason) === text),
        schemas,
      ),
  )
  return [...general, ...(texts.length > 0 ? texts : newest(reasons, schemas))]
}

/** Returns the reasons in short form: `daily weekly`. */
export function keepSummary(reasons: KeepReason[]): string {
  if (reasons.some(({rule}) => rule === 'safety')) return 'safety'
  const [general] = reasons.flatMap(({rule}) => GENERAL[rule] ?? [])
  const rules = new Set(reasons.flatMap(reason => ('bucket' in reason ? reason.rule : [])))
  return general ?? ([...rules].join(' ') || 'newest')
}

const GENERAL: Partial<Record<KeepReason['rule'], string>> = {
  pinned: 'pinned',
  safety: `safety backup of the last ${SAFETY_DAYS} days`,
  future: 'dated in the future',
}

function policyText({rule, bucket, oldest}: PolicyReason): string {
  return `${rule} ${bucket}${oldest ? ' (oldest)' : ''}`
}

/** The retention policy usually keeps the newest backup too, so this reason is shown only where it does not. */
function newest(reasons: KeepReason[], schemas: string[]): string[] {
  const group = reasons.filter(({rule}) => rule === 'newest' || rule === 'newest-backup')
  return group.length > 0 ? [`newest${ofSchemas(group, schemas)}`] : []
}

function ofSchemas(group: KeepReason[], schemas: string[]): string {
  const named = [...new Set(group.flatMap(reason => ('schema' in reason ? reason.schema : [])))]
  if (named.length === schemas.length) return ''
  return named.length > 2 ? ` of ${named.length} schemas` : ` of ${named.join(', ')}`
}
