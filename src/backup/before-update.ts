import type {StackContext} from '../engines/stack-context.js'
import {parseCompression} from './archive/format.js'
import {createBackup, defaultJobs} from './create.js'

/**
 * Backs up schemas of the stack's own server before an update may migrate them, and returns the ID of the backup. It is a safety backup: rotation keeps
 * it for some days, also if another one follows on the same day, and it does not replace the backup of its day.
 * @throws the errors of createBackup
 */
export async function backUpBeforeUpdate(
  stack: StackContext,
  {schemas, label}: {schemas: string[]; label: string},
  signal: AbortSignal,
): Promise<string> {
  const request = {
    stack: stack.onOwnServer,
    schemas,
    label,
    kind: 'safety' as const,
    allSchemas: false,
    pin: false,
    rotate: false,
    format: 'plain' as const,
    ...parseCompression('gzip'),
    jobs: defaultJobs(),
  }
  const {report} = await createBackup(request, {on: () => undefined, signal})
  return report.id
}
