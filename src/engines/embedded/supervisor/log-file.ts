import {closeSync, fstatSync, openSync, renameSync, rmSync, writeSync} from 'node:fs'

/** The size at which a file is rotated, in bytes, and the number of rotated files that are kept. */
const LARGEST = 10 * 1024 ** 2
const KEPT = 2

/** Returns the files of a log, the newest first. */
export function filesOfLog(path: string): string[] {
  return [path, ...Array.from({length: KEPT}, (_, index) => `${path}.${index + 1}`)]
}

/**
 * The log of one service, at most 3 × 10 MiB, with older lines in `PATH.1` and `PATH.2`. A new service definition
 * starts an empty log, like a new container: the secrets of earlier definitions are unknown and could not be masked.
 * A service that is only restarted continues its log.
 */
export class LogFile {
  #file: number
  #bytes: number
  #isOpen = true

  constructor(
    private readonly path: string,
    {isNew}: {isNew: boolean},
  ) {
    if (isNew) for (const name of filesOfLog(path)) rmSync(name, {force: true})
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
  }

  /** Writes synchronously, since the last lines of a service explain its end. On a full disk lines are lost. */
  write(line: string): void {
    if (!this.#isOpen) return
    try {
      if (this.#bytes >= LARGEST) this.#rotate()
      this.#bytes += writeSync(this.#file, `${line}\n`)
    } catch {
      // A service must not fail because its log cannot be written.
    }
  }

  /** Closes the file; later lines are discarded. */
  close(): void {
    if (!this.#isOpen) return
    // The file descriptor may be reused for another file.
    this.#isOpen = false
    closeSync(this.#file)
  }

  #rotate(): void {
    const names = filesOfLog(this.path)
    for (let index = KEPT; index > 0; index--) {
      try {
        renameSync(names[index - 1]!, names[index]!)
      } catch {
        // There are fewer rotated files so far.
      }
    }
    // Opened first: if that fails, a closed descriptor would be closed again, when it may belong to another file.
    const next = openSync(this.path, 'a', 0o600)
    closeSync(this.#file)
    this.#file = next
    this.#bytes = 0
  }
}
