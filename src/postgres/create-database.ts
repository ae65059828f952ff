import {identifier, literal} from '../system/text/sql-quote.js'
import {requiring} from './privileges.js'
import type {Session} from './session.js'

/** The encoding and locale of a database. The columns of pg_database differ between the versions. */
interface Locale {
  encoding: string
  columns: {
    datcollate: string
    datctype: string
    /** `c`: libc, `i`: ICU, `b`: built-in since version 17. */
    datlocprovider: 'c' | 'i' | 'b'
    /** Since version 17. */
    datlocale?: string | null
    /** In versions 15 and 16. */
    daticulocale?: string | null
    /** Since version 16. */
    daticurules?: string | null
  }
}

/**
 * Creates a database with the encoding and locale of the current one. The default would be those of template1, whose
 * encoding may lack characters of a backup, or count the bytes of a varchar instead of its characters.
 * @throws SqlError, with a hint if the user lacks the privilege; database-unreachable
 */
export async function createDatabase(session: Session, name: string): Promise<void> {
  const locale = await session.json<Locale>(`
    SELECT json_build_object('encoding', pg_encoding_to_char(encoding), 'columns', to_json(d))
    FROM pg_database d WHERE datname = current_database()`)
  const options = optionsOf(locale).map(([option, value]) => `${option} ${literal(value)}`)
  // Only template0 can be copied with another encoding and locale.
  await session
    .query(`CREATE DATABASE ${identifier(name)} TEMPLATE template0 ${options.join(' ')}`)
    .catch(requiring('CREATEDB'))
}

function optionsOf({encoding, columns}: Locale): [option: string, value: string][] {
  const {datcollate, datctype, datlocprovider, daticurules} = columns
  const options: [string, string | null | undefined][] = [
    ['ENCODING', encoding],
    ['LC_COLLATE', datcollate],
    ['LC_CTYPE', datctype],
    ['LOCALE_PROVIDER', {c: 'libc', i: 'icu', b: 'builtin'}[datlocprovider]],
    [datlocprovider === 'b' ? 'BUILTIN_LOCALE' : 'ICU_LOCALE', columns.datlocale ?? columns.daticulocale],
    ['ICU_RULES', daticurules],
  ]
  return options.flatMap(([option, value]) => (typeof value === 'string' ? [[option, value]] : []))
}
