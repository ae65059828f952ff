import {parse} from 'node:path'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import type {ResticResult} from './outcome.js'

/** How to start restic. */
export interface Launcher {
  /** Its path. */
  program: string
  /** Arguments before those of a command. */
  args: string[]
  env: NodeJS.ProcessEnv
}

export interface RunOptions {
  signal: AbortSignal
  /** The directory in which restic runs; it stores paths relative to it. */
  directory?: string
  /** Receives each line of stdout, which is then not returned. */
  onLine?: (line: string) => void
  /** Milliseconds without progress after which restic is ended. */
  stallMs?: number | undefined
}

/** restic had no progress for the set time and was ended. */
export class Stalled extends Error {
  constructor(
    readonly seconds: number,
    readonly stderr: string,
  ) {
    super(`no progress for ${seconds} s`)
  }
}

/**
 * Milliseconds that restic has after SIGINT to remove its lock. It ignores SIGINT while it waits for an unreachable
 * repository; on SIGTERM, 0.14 leaves its lock.
 */
const CLEAN_UP_MS = 10_000

/**
 * Runs restic to its end.
 * @throws Stalled; the reason of the signal
 */
export async function runRestic(
  {program, args: first, env}: Launcher,
  args: string[],
  {signal, directory = parse(process.cwd()).root, onLine, stallMs}: RunOptions,
): Promise<ResticResult> {
  signal.throwIfAborted()
  const stalled = new AbortController()
  const watchdog = new Watchdog(stallMs, () => stalled.abort())
  try {
    const running = closePipesWhenKilled(
      execa(program, [...first, ...args], {
        cwd: directory,
        env,
        extendEnv: false,
        stdin: 'ignore',
        reject: false,
        buffer: {stdout: !onLine, stderr: true},
        cancelSignal: AbortSignal.any([signal, stalled.signal]),
        killSignal: 'SIGINT',
        forceKillAfterDelay: CLEAN_UP_MS,
      }),
    )
    if (onLine || stallMs !== undefined)
      for await (const line of running.iterable({from: 'stdout', preserveNewlines: false})) {
        watchdog.note(line)
        onLine?.(line)
      }
    const {exitCode, stdout, stderr, originalMessage} = await running
    signal.throwIfAborted()
    if (stalled.signal.aborted) throw new Stalled(Math.round(stallMs! / 1000), stderr)
    return {
      exitCode: exitCode ?? -1,
      stdout: onLine ? '' : stdout,
      stderr: [stderr, originalMessage].filter(Boolean).join('\n'),
    }
  } finally {
    watchdog.stop()
  }
}

/** Calls a function when no line has shown progress for some time. */
class Watchdog {
  private timer: NodeJS.Timeout | undefined
  private last = ''

  constructor(
    private readonly limit: number | undefined,
    private readonly onStall: () => void,
  ) {
    this.start()
  }

  /** Lines that differ only in the elapsed or the remaining time show no progress. */
  note(line: string): void {
    const progress = line.replace(/"seconds_(?:elapsed|remaining)":\d+,?/g, '').replace(/^\[[\d:]+\]/, '')
    if (progress === this.last) return
    this.last = progress
    this.start()
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  private start(): void {
    clearTimeout(this.timer)
    if (this.limit !== undefined) this.timer = setTimeout(this.onStall, this.limit)
  }
}
