/** The state of a task, a notice, or a new group of tasks. Printers know only these, and not the use cases. */
export type ProgressUpdate =
  /** `transient`: soon replaced by another update, so that it is not printed to a log. */
  | {task: string; state: 'running' | 'done'; detail: string; transient?: true}
  | {notice: string}
  /** A group of tasks that was not known at the start. */
  | {tasks: string[]}

/** Shows progress on stderr; `close` has to be called in any case, and leaves the terminal in order. */
export interface ProgressPrinter {
  update(update: ProgressUpdate): void
  close(): Promise<void>
}
