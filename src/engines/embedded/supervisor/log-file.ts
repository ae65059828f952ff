import {closeSync, fstatSync, openSync, renameSync, writeSync} from 'node:fs'

/** So large a file becomes when it is put aside, in bytes, and so many are kept beside it. */
const LARGEST = 10 * 1024 ** 2
const KEPT = 2

/** The lines of one service on disk, at most 3 × 10 MB; the older ones in `PATH.1`, `PATH.2`. */
export class LogFile {
  #file: number
  #bytes: number

  constructor(private readonly path: string) {
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
  }

  /** Written at once: what a service said last is what explains its end. On a full disk it is lost. */
  write(line: string): void {
    try {
      if (this.#bytes >= LARGEST) this.#rotate()
      this.#bytes += writeSync(this.#file, `${line}\n`)
    } catch {
      // A service is not to end because nobody can write down what it says.
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  #rotate(): void {
    const names = [this.path, ...Array.from({length: KEPT}, (_, index) => `${this.path}.${index + 1}`)]
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
