import type {ProgressPrinter} from './progress.js'

/** A line for each thing that happens, for logs. */
export function plainProgress(): ProgressPrinter {
  return {
    update(update) {
      process.stderr.write('notice' in update ? `${update.notice}\n` : `${update.task}: ${update.detail}\n`)
    },
    close: () => Promise.resolve(),
  }
}
