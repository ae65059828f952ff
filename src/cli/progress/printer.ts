/** A step or a service, and how far it is; or a remark. Printers know these and nothing of the use cases. */
export type ProgressUpdate =
  /** `passing`: true for a moment only, of no interest in a log. */
  | {task: string; state: 'running' | 'done'; detail: string; passing?: true}
  | {notice: string}
  /** A group of tasks that was not known before. */
  | {tasks: string[]}

/** Shows progress on stderr while something works; `close` leaves the screen in order, whatever happened. */
export interface ProgressPrinter {
  update(update: ProgressUpdate): void
  close(): Promise<void>
}
