import {chalkStderr} from 'chalk'
import {
  type DefaultRenderer,
  Listr,
  ListrLogger,
  type ListrTaskWrapper,
  ProcessOutput,
  type SimpleRenderer,
} from 'listr2'
import {wrap} from '../terminal/wrap.js'
import type {ProgressPrinter} from './printer.js'

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>

/** A line per task that changes in place. A group of tasks appears with the first that is heard of one of them. */
export function liveProgress(groups: string[][]): ProgressPrinter {
  const toGroup = (names: string[]) => new Map(names.map(name => [name, new LiveTask(name)]))
  const waiting = groups.map(toGroup)
  const notices: string[] = []
  let open: Map<string, LiveTask> | undefined
  let finished: Promise<unknown> = Promise.resolve()
  const leave = (): void => {
    for (const task of open?.values() ?? []) task.leave()
  }
  return {
    update(update) {
      if ('notice' in update) {
        notices.push(update.notice)
        return
      }
      if ('tasks' in update) {
        waiting.push(toGroup(update.tasks))
        return
      }
      const group = waiting.find(tasks => tasks.has(update.task))
      group?.get(update.task)?.update(update)
      if (!group || group === open) return
      leave()
      open = group
      finished = finished.then(() => show([...group.values()]))
    },
    async close() {
      leave()
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
      // listr2 would answer SIGINT with process.exit(127), and write to stdout, where results go.
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

/** A task whose end is told from outside, before or after its line is on the screen. */
class LiveTask {
  private wrapper: Wrapper | undefined
  private detail = ''
  private end!: {resolve: () => void; reject: (error: Error) => void}
  private readonly ended = new Promise<void>((resolve, reject) => (this.end = {resolve, reject}))

  constructor(private readonly name: string) {
    this.ended.catch(() => undefined)
  }

  get title(): string {
    return `${this.name} ${chalkStderr.dim(this.detail)}`
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

  /** What is not done when the work ends has failed. */
  leave(): void {
    this.end.reject(new Error(this.detail))
  }
}
