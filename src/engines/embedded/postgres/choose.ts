import {AquastreamError} from '../../../errors.js'
import {shellQuote} from '../../../system/text/shell-quote.js'
import type {ImageNeed} from '../../engine.js'
import type {StackDirectory} from '../stack-directory/stack-directory.js'
import {majorOf} from './data.js'
import {packagedPostgres} from './package.js'
import {findPostgres, type PostgresPrograms} from './programs.js'

/** The PostgreSQL programs for a stack directory, and the npm package that provides them, if any. */
export interface PostgresChoice {
  programs: PostgresPrograms
  need?: ImageNeed
}

/**
 * Chooses the PostgreSQL programs. Existing data requires the major version that created it; without data the first
 * version found on this machine is used. If none fits, an npm package is used where one exists.
 * @throws tool-missing
 */
export async function choosePostgres(stackDirectory: StackDirectory): Promise<PostgresChoice> {
  const data = stackDirectory.data('postgres')
  const [found, made] = await Promise.all([findPostgres(), majorOf(data)])
  const programs = found.find(({major}) => made === undefined || major === made)
  if (programs) return {programs}
  const packaged = await packagedPostgres(stackDirectory, made)
  if (packaged) return packaged
  if (made === undefined) {
    throw new AquastreamError('tool-missing', 'PostgreSQL was not found on this machine', {
      hint: 'install PostgreSQL, for example: apt install postgresql',
    })
  }
  const here = [...new Set(found.map(({major}) => major))].join(', ') || 'none'
  throw new AquastreamError(
    'tool-missing',
    `the data in ${data} was created by PostgreSQL ${made}; versions found on this machine: ${here}`,
    {
      hint: `install PostgreSQL ${made}, or move the data directory: mv ${shellQuote(data)} ${shellQuote(`${stackDirectory.path}-postgres-${made}`)}`,
    },
  )
}
