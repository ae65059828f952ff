import {AquastreamError} from '../../../errors.js'
import type {ImageNeed} from '../../engine.js'
import type {Home} from '../home/home.js'
import {majorOf} from './data.js'
import {packagedPostgres} from './package.js'
import {findPostgres, type PostgresPrograms} from './programs.js'

/** The programs that run the database of a home, and how they come here when they are not. */
export interface PostgresChoice {
  programs: PostgresPrograms
  need?: ImageNeed
}

/**
 * Data can be used by the major version alone that made it; where there is none yet, the first of this machine is
 * taken. What is not here is fetched, as far as there are packages of it.
 * @throws tool-missing
 */
export async function choosePostgres(home: Home): Promise<PostgresChoice> {
  const [found, made] = await Promise.all([findPostgres(), majorOf(home.data('postgres'))])
  const programs = found.find(({major}) => made === undefined || major === made)
  if (programs) return {programs}
  const packaged = await packagedPostgres(home, made)
  if (packaged) return packaged
  if (made === undefined) {
    throw new AquastreamError('tool-missing', 'there is no PostgreSQL on this machine', {
      hint: 'install it, such as with apt install postgresql',
    })
  }
  const here = [...new Set(found.map(({major}) => major))].join(', ') || 'none'
  throw new AquastreamError(
    'tool-missing',
    `the data in ${home.data('postgres')} was made by PostgreSQL ${made}, and on this machine is ${here}`,
    {
      hint: `install PostgreSQL ${made}, or put the data aside: mv ${home.data('postgres')} ${home.path}-postgres-${made}`,
    },
  )
}
