import {setTimeout as sleep} from 'node:timers/promises'
import {closePipesWhenKilled} from '../../system/close-pipes.js'
import {execa} from '../../system/execa.js'
import type {Launcher, Place} from './launcher.js'
import type {ResticResult} from './outcome.js'

/** How a command of restic runs. */
export interface RunOptions extends Place {
  signal: AbortSignal
  /** Receives each line of stdout, which is then not returned. */
  onLine?: (line: string) => void
  /** Milliseconds without progress after which restic is ended. */
  stallMs?: number | undefined
  /**
   * Returns a text that changes when restic has written something. Before 0.17, a restore prints no progress. If it fails,
   * restic may have written something.
   */
  observe?: (signal: AbortSignal) => Promise<string>
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
  {program, args, env, cwd, end}: Launcher,
  {signal, onLine, stallMs, observe}: RunOptions,
): Promise<ResticResult> {
  signal.throwIfAborted()
  const stalled = new AbortController()
  const watchdog = new Watchdog(stallMs, () => stalled.abort())
  const ended = new AbortController()
  const watching =
    observe && stallMs !== undefined ? watch(observe, {stallMs, watchdog}, ended.signal) : undefined
  try {
    const running = closePipesWhenKilled(
      execa(program, args, {
        cwd,
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
    ended.abort()
    if (signal.aborted || stalled.signal.aborted) await end?.()
    await watching
  }
}

/** Looks several times within the time limit whether something was written. */
async function watch(
  observe: (signal: AbortSignal) => Promise<string>,
  {stallMs, watchdog}: {stallMs: number; watchdog: Watchdog},
  signal: AbortSignal,
): Promise<void> {
  const pause = (): Promise<unknown> => sleep(stallMs / 4, undefined, {signal}).catch(() => undefined)
  for (await pause(); !signal.aborted; await pause()) {
    const seen = await observe(signal).catch(() => `unknown ${Date.now()}`)
    watchdog.note(seen, 'file')
  }
}

/** Calls a function when nothing has shown progress for some time. */
class Watchdog {
  private timer: NodeJS.Timeout | undefined
  private readonly last = {line: '', file: ''}
  private isStopped = false

  constructor(
    private readonly limit: number | undefined,
    private readonly onStall: () => void,
  ) {
    this.start()
  }

  /** Lines that differ only in the elapsed or the remaining time show no progress. */
  note(text: string, kind: 'line' | 'file' = 'line'): void {
    const progress = text.replace(/"seconds_(?:elapsed|remaining)":\d+,?/g, '').replace(/^\[[\d:]+\]/, '')
    if (this.isStopped || progress === this.last[kind]) return
    this.last[kind] = progress
    this.start()
  }

  stop(): void {
    this.isStopped = true
    clearTimeout(this.timer)
  }

  private start(): void {
    clearTimeout(this.timer)
    if (this.limit !== undefined) this.timer = setTimeout(this.onStall, this.limit)
  }
}
