import type {PlannedSchema, RestorePlan} from './plan.js'

/** The JSON of `db:restore --dry-run`. */
export interface RestorePreview {
  server: string
  database: string | undefined
  from: string
  schemas: PlannedSchema[]
  foreignKeys: string[]
  triggers: string[]
  publications: string[]
  lockedTables: string[]
  roles: string[]
  safetyBytes: number
  expectedSeconds: number
}

/** Converts a restore plan into its JSON. */
export function previewOf(plan: RestorePlan): RestorePreview {
  const {
    server,
    into,
    source,
    schemas,
    foreignKeys,
    triggers,
    publications,
    lockedTables,
    roles,
    safety,
    expected,
  } = plan
  return {
    server: server.name,
    database: into,
    from: source.set?.id ?? source.archives[0]!.path,
    schemas,
    foreignKeys,
    triggers,
    publications,
    lockedTables,
    roles,
    safetyBytes: safety.reduce((sum, {bytes}) => sum + bytes, 0),
    expectedSeconds: expected,
  }
}
