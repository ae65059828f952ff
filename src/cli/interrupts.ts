import {AquastreamError} from '../errors.js'

/** Turns SIGINT and SIGTERM into a signal for work; its reason is the error that the work should end with. */
export class Interrupts {
  private readonly controller = new AbortController()
  private over = false

  /** @param giveUp ends work that does not end by itself in `grace` ms */
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

  /** The work has ended, and others care for interrupts again. */
  close(): void {
    this.ignore()
    process.off('SIGINT', this.onSignal)
    process.off('SIGTERM', this.onSignal)
  }

  /** The work has ended, and with it the command: how it ended is all that is left to say. */
  ignore(): void {
    this.over = true
  }

  private readonly onSignal = (name: NodeJS.Signals): void => {
    if (this.over || this.signal.aborted) return
    const reason = new AquastreamError(name === 'SIGINT' ? 'interrupted' : 'terminated', 'interrupted', {
      hint: 'run the same command again',
    })
    // Of work that has ended, only programs that do not end can be left.
    setTimeout(() => {
      if (this.over) process.exit()
      else this.giveUp(reason)
    }, this.grace).unref()
    this.controller.abort(reason)
  }
}
