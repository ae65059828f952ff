import type {ProgressPrinter} from './printer.js'

/** A line for each thing that happens, for logs. */
export function plainProgress(): ProgressPrinter {
  return {
    update(update) {
      if ('notice' in update) process.stderr.write(`${update.notice}\n`)
      else if ('task' in update && !update.passing) process.stderr.write(`${update.task}: ${update.detail}\n`)
    },
    close: () => Promise.resolve(),
  }
}
