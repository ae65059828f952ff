import {readFile} from 'node:fs/promises'
import {resolve} from 'node:path'
import {execa} from 'execa'

const CLI = resolve(import.meta.dirname, '../bin/run.js')

/** Runs the CLI of this checkout, and records the peak memory of its own process, if the operating system provides it. */
export class MeasuredCli {
  #kilobytes = 0

  constructor(
    private readonly directory: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Runs one command and returns its stdout. Throws if it fails. */
  async run(words: string): Promise<string> {
    const running = execa(process.execPath, ['--', CLI, ...words.split(' ')], {
      cwd: this.directory,
      env: this.env,
      extendEnv: false,
    })
    const watch = setInterval(() => {
      void readFile(`/proc/${running.pid}/status`, 'utf8').then(
        status => {
          this.#kilobytes = Math.max(this.#kilobytes, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0))
        },
        () => undefined,
      )
    }, 50)
    const {stdout} = await running.finally(() => clearInterval(watch))
    return stdout
  }

  /** Prints the peak of all commands so far. */
  printPeak(): void {
    console.log(`memory of the CLI at most ${(this.#kilobytes / 1024).toFixed(0)} MB`)
  }
}
