import {AquastreamError} from '../errors.js'

/** Turns SIGINT and SIGTERM into an abort signal, whose reason is the error to report. */
export class Interrupts {
  private readonly controller = new AbortController()
  private hasEnded = false

  /** @param giveUp ends work that has not ended `grace` milliseconds after the interrupt */
  constructor(
    private readonly grace: number,
    private readonly giveUp: (reason: AquastreamError) => void,
  ) {
    process.on('SIGINT', this.onSignal)
    process.on('SIGTERM', this.onSignal)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Removes the listeners, so that later interrupts have their usual effect. */
  close(): void {
    this.ignore()
    process.off('SIGINT', this.onSignal)
    process.off('SIGTERM', this.onSignal)
  }

  /** Ignores interrupts from now on: the work has ended, and only its result is left to report. */
  ignore(): void {
    this.hasEnded = true
  }

  private readonly onSignal = (name: NodeJS.Signals): void => {
    if (this.hasEnded || this.signal.aborted) return
    const reason = new AquastreamError(name === 'SIGINT' ? 'interrupted' : 'terminated', 'interrupted', {
      hint: 'run the command again',
    })
    // If the work has ended, only a child process that does not exit can keep this process alive.
    setTimeout(() => {
      if (this.hasEnded) process.exit()
      else this.giveUp(reason)
    }, this.grace).unref()
    this.controller.abort(reason)
  }
}
