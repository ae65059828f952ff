import type {ProgressPrinter} from './printer.js'

/** Prints one line per update, for logs. */
export function plainProgress(): ProgressPrinter {
  return {
    update(update) {
      if ('notice' in update) process.stderr.write(`${update.notice}\n`)
      else if ('task' in update && !update.transient)
        process.stderr.write(`${update.task}: ${update.detail}\n`)
    },
    close: () => Promise.resolve(),
  }
}
