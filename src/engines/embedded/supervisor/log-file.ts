import {closeSync, openSync, renameSync, rmSync, writeSync} from 'node:fs'

/** So large a file becomes when it is put aside, in bytes, and so many are kept beside it. */
const LARGEST = 10 * 1024 ** 2
const KEPT = 2

/**
 * The lines of one service on disk, at most 3 × 10 MB; the older ones in `PATH.1`, `PATH.2`. It begins anew with the
 * service, as the log of a new container does: nobody knows the secrets any more that earlier ones were told.
 */
export class LogFile {
  #file: number
  #bytes = 0
  #isOpen = true

  constructor(private readonly path: string) {
    for (const name of this.#names) rmSync(name, {force: true})
    this.#file = openSync(path, 'a', 0o600)
  }

  /** Written at once: what a service said last is what explains its end. On a full disk it is lost. */
  write(line: string): void {
    if (!this.#isOpen) return
    try {
      if (this.#bytes >= LARGEST) this.#rotate()
      this.#bytes += writeSync(this.#file, `${line}\n`)
    } catch {
      // A service is not to end because nobody can write down what it says.
    }
  }

  /** What a program says after its end is lost, and not written into what has the number of the file by then. */
  close(): void {
    // Its number may be another file's soon.
    this.#isOpen = false
    closeSync(this.#file)
  }

  get #names(): string[] {
    return [this.path, ...Array.from({length: KEPT}, (_, index) => `${this.path}.${index + 1}`)]
  }

  #rotate(): void {
    const names = this.#names
    for (let index = KEPT; index > 0; index--) {
      try {
        renameSync(names[index - 1]!, names[index]!)
      } catch {
        // There are not so many yet.
      }
    }
    closeSync(this.#file)
    this.#file = openSync(this.path, 'a', 0o600)
    this.#bytes = 0
  }
}
