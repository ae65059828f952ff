import {chalkStderr} from 'chalk'
import {
  DefaultRenderer,
  Listr,
  ListrLogger,
  type ListrTaskWrapper,
  ProcessOutput,
  type SimpleRenderer,
} from 'listr2'
import {coloredOnly} from '../terminal/printable.js'
import {wrap} from '../terminal/wrap.js'
import type {ProgressPrinter} from './printer.js'

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>

/**
 * Shows one line per task and updates it in place. A group of tasks appears with the first update of one of them. A notice
 * appears at once: above the tasks that run, otherwise below all lines.
 */
export function liveProgress(groups: string[][]): ProgressPrinter {
  const pending = groups.map(names => new LiveGroup(names))
  let open: LiveGroup | undefined
  let finished: Promise<unknown> = Promise.resolve()
  return {
    update(update) {
      if ('notice' in update) {
        const text = wrap(update.notice)
        if (open?.isRunning) open.addNotice(text)
        else finished = finished.then(() => process.stderr.write(`${text}\n`))
        return
      }
      if ('tasks' in update) {
        pending.push(new LiveGroup(update.tasks))
        return
      }
      const group = pending.find(({tasks}) => tasks.has(update.task))
      group?.tasks.get(update.task)?.update(update)
      if (!group || group === open) return
      open?.close()
      open = group
      finished = finished.then(() => group.show())
    },
    async close() {
      open?.close()
      await finished
    },
  }
}

/** Tasks that are displayed together, below the notices that arrive while they run. */
class LiveGroup {
  readonly tasks: ReadonlyMap<string, LiveTask>
  private readonly notices: string[] = []

  constructor(names: string[]) {
    this.tasks = new Map(names.map(name => [name, new LiveTask(name)]))
  }

  /** Whether a task has not ended, so that the display cannot have ended either. */
  get isRunning(): boolean {
    return [...this.tasks.values()].some(({hasEnded}) => !hasEnded)
  }

  /** While the display runs, it is drawn again several times a second. */
  addNotice(text: string): void {
    this.notices.push(text)
  }

  /** Marks every task as failed that is not done. */
  close(): void {
    for (const task of this.tasks.values()) task.failUnlessDone()
  }

  /** Displays the tasks until all of them have ended; the last state stays on the screen. */
  show(): Promise<unknown> {
    const {notices, tasks} = this
    class Renderer extends DefaultRenderer {
      // listr2 would otherwise require stdout to be a terminal, but that may be a file for the result.
      static override nonTTY = true

      override create(options?: Parameters<DefaultRenderer['create']>[0]): string {
        return [...notices, super.create(options)].join('\n')
      }
    }
    return new Listr(
      Array.from(tasks.values(), task => ({
        title: task.title,
        task: (_: unknown, wrapper: Wrapper) => task.run(wrapper),
      })),
      {
        renderer: Renderer,
        concurrent: true,
        exitOnError: false,
        // By default, listr2 calls process.exit(127) on SIGINT and writes to stdout, which is for results.
        registerSignalListeners: false,
        rendererOptions: {
          logger: new ListrLogger({processOutput: new ProcessOutput(process.stderr, process.stderr)}),
          formatOutput: 'truncate',
          showErrorMessage: false,
          collapseErrors: false,
        },
      },
    ).run()
  }
}

/** A task whose end is reported from outside, before or after it is displayed. */
class LiveTask {
  hasEnded = false
  private wrapper: Wrapper | undefined
  private detail = ''
  private end!: {resolve: () => void; reject: (error: Error) => void}
  private readonly ended = new Promise<void>((resolve, reject) => (this.end = {resolve, reject}))

  constructor(private readonly name: string) {
    this.ended.catch(() => undefined)
  }

  get title(): string {
    return `${this.name} ${chalkStderr.dim(coloredOnly(this.detail))}`
  }

  run(wrapper: Wrapper): Promise<void> {
    this.wrapper = wrapper
    wrapper.title = this.title
    return this.ended
  }

  update({state, detail}: {state: 'running' | 'done'; detail: string}): void {
    this.detail = detail
    if (this.wrapper) this.wrapper.title = this.title
    if (state !== 'done') return
    this.hasEnded = true
    this.end.resolve()
  }

  /** Marks the task as failed; has no effect on a task that is done. */
  failUnlessDone(): void {
    this.hasEnded = true
    this.end.reject(new Error(this.detail))
  }
}
