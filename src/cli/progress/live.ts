import {chalkStderr} from 'chalk'
import {
  type DefaultRenderer,
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

/** Shows one line per task and updates it in place. A group of tasks appears with the first update of one of them. */
export function liveProgress(groups: string[][]): ProgressPrinter {
  const toGroup = (names: string[]) => new Map(names.map(name => [name, new LiveTask(name)]))
  const pending = groups.map(toGroup)
  const notices: string[] = []
  let open: Map<string, LiveTask> | undefined
  let finished: Promise<unknown> = Promise.resolve()
  const closeGroup = (): void => {
    for (const task of open?.values() ?? []) task.failUnlessDone()
  }
  return {
    update(update) {
      if ('notice' in update) {
        notices.push(update.notice)
        return
      }
      if ('tasks' in update) {
        pending.push(toGroup(update.tasks))
        return
      }
      const group = pending.find(tasks => tasks.has(update.task))
      group?.get(update.task)?.update(update)
      if (!group || group === open) return
      closeGroup()
      open = group
      finished = finished.then(() => show([...group.values()]))
    },
    async close() {
      closeGroup()
      await finished
      for (const text of notices) process.stderr.write(`${wrap(text)}\n`)
    },
  }
}

function show(tasks: LiveTask[]): Promise<unknown> {
  const listr = new Listr(
    tasks.map(task => ({title: task.title, task: (_: unknown, wrapper: Wrapper) => task.run(wrapper)})),
    {
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
  )
  return listr.run()
}

/** A task whose end is reported from outside, before or after it is displayed. */
class LiveTask {
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
    if (state === 'done') this.end.resolve()
  }

  /** Marks the task as failed; has no effect on a task that is done. */
  failUnlessDone(): void {
    this.end.reject(new Error(this.detail))
  }
}
