import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {execa} from 'execa'
import {postgresPrograms} from './postgres-programs.js'

const NAME = 'ru_RU.UTF-8'

/** The major version whose programs speak Russian: of those here only Debian's packages have the catalogs of messages. */
export const russianMajor = [...postgresPrograms()].find(([, bin]) =>
  bin.startsWith('/usr/lib/postgresql/'),
)?.[0]

/** The locale ru_RU.UTF-8, compiled into a directory of its own: the machine need not have it. */
export class RussianLocale implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  /** Needs localedef and, for its sources, Debian's package `locales`. */
  static async compile(): Promise<RussianLocale> {
    const directory = await mkdtemp(join(tmpdir(), 'aquastream-locale-'))
    await chmod(directory, 0o755)
    await execa('localedef', ['-i', 'ru_RU', '-f', 'UTF-8', join(directory, NAME)])
    return new RussianLocale(directory)
  }

  /** For startPostgres: a server that reports its errors in Russian. The locales of the system stay behind it. */
  get server(): {settings: Record<string, string>; env: Record<string, string>} {
    return {settings: {lc_messages: NAME}, env: {LOCPATH: `${this.directory}:/usr/lib/locale`}}
  }

  /** A PATH with client programs that report their own errors in Russian. */
  async clients(bin: string): Promise<{PATH: string}> {
    const wrappers = join(this.directory, 'bin')
    await mkdir(wrappers)
    for (const name of ['psql', 'pg_dump', 'pg_dumpall', 'pg_restore']) {
      const text = `#!/bin/sh\nLOCPATH='${this.directory}' LC_ALL=${NAME} exec '${join(bin, name)}' "$@"\n`
      await writeFile(join(wrappers, name), text, {mode: 0o755})
    }
    return {PATH: [wrappers, bin, process.env.PATH].join(delimiter)}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, {recursive: true, force: true})
  }
}
