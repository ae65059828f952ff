import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {execa} from 'execa'
import {postgresPrograms} from './postgres-programs.js'

const NAME = 'ru_RU.UTF-8'

/** A major version whose programs have Russian messages. Only the packages of Debian contain the message catalogs. */
export const russianMajor = [...postgresPrograms()].find(([, bin]) =>
  bin.startsWith('/usr/lib/postgresql/'),
)?.[0]

/** The locale ru_RU.UTF-8, compiled into a temporary directory, because the machine may not have it. */
export class RussianLocale implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  /** Requires localedef, and the locale sources of Debian's package `locales`. */
  static async compile(): Promise<RussianLocale> {
    const directory = await mkdtemp(join(tmpdir(), 'aquastream-locale-'))
    await chmod(directory, 0o755)
    await execa('localedef', ['-i', 'ru_RU', '-f', 'UTF-8', join(directory, NAME)])
    return new RussianLocale(directory)
  }

  /** Options of startPostgres for a server that reports errors in Russian. The system's locales remain available. */
  get server(): {settings: Record<string, string>; env: Record<string, string>} {
    return {settings: {lc_messages: NAME}, env: {LOCPATH: `${this.directory}:/usr/lib/locale`}}
  }

  /** Returns a PATH with client programs that report errors in Russian. */
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
