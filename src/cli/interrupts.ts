import {AquastreamError} from '../errors.js'
import {whenFinished} from '../system/async/finish-first.js'

/** Turns SIGINT and SIGTERM into an abort signal, whose reason is the error to report. */
export class Interrupts {
  private readonly controller = new AbortController()
  private hasEnded = false

  /**
   * @param grace milliseconds that the work has after an interrupt
   * @param loadGiveUp loads the function that ends this process with an error if the work has not ended by then
   */
  constructor(
    private readonly grace: number,
    private readonly loadGiveUp: () => Promise<(reason: AquastreamError) => never>,
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
    setTimeout(() => void this.afterGrace(reason), this.grace).unref()
    this.controller.abort(reason)
  }

  private async afterGrace(reason: AquastreamError): Promise<void> {
    await whenFinished()
    // The work may end while this is loaded; then its result is reported, and not the interrupt as well.
    const giveUp = await this.loadGiveUp()
    if (!this.hasEnded) giveUp(reason)
    // After the report, only a child process that does not exit can keep this process alive.
    setTimeout(() => process.exit(), this.grace).unref()
  }
}
