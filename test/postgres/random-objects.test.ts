import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {backup, restore, siteFor} from '../helpers/backups.js'
import type {Site} from '../helpers/cli.js'
import {describe as describeDatabase, differences} from '../helpers/compare-databases.js'
import {majors, startPostgres, type TestServer} from '../helpers/postgres.js'
import {oneOf, randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {randomObjects} from '../helpers/random-objects.js'

/**
 * Backs up random objects and restores them into an empty database and in place. For many rounds, use npm run test:rounds.
 * To repeat a run: AQUASTREAM_TEST_SEED=1 npm test -- postgres/random-objects
 */
const ROUNDS = Array.from({length: roundsOr(10)}, (_, round) => SEED + round)

const STATEMENTS = 60

console.log(`${ROUNDS.length} rounds of seed ${SEED}`)

const seedsOf = (major: number): number[] =>
  ROUNDS.filter((_, index) => majors()[index % majors().length] === major)

describe.each(majors().filter(major => seedsOf(major).length > 0))('PostgreSQL %i', major => {
  let server: TestServer
  let site: Site
  beforeAll(async () => {
    server = await startPostgres({major})
    site = await siteFor(server)
    await server.sql('CREATE ROLE random_owner; CREATE ROLE random_reader')
  })
  afterAll(async () => {
    await site[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  test.each(seedsOf(major))('the objects of seed %i come back', async seed => {
    const random = randomFrom(seed)
    await server.sql(
      'DROP DATABASE IF EXISTS copy WITH (FORCE); DROP DATABASE aquastream WITH (FORCE); CREATE DATABASE aquastream',
      {database: 'postgres'},
    )
    // A statement that is not valid leaves out its object.
    await server.sql(`\\set ON_ERROR_STOP off\n${randomObjects(random, STATEMENTS)}`)
    const before = await describeDatabase(server)
    const {id} = await backup(site, '--all-schemas')

    await restore(site, '--all', '--from', id, '--into', 'copy', '--create')
    const without = {without: ['database', 'roles']}
    const original = await describeDatabase(server, 'aquastream', without)
    expect(differences(original, await describeDatabase(server, 'copy', without))).toEqual([])

    await server.sql(`DROP SCHEMA ${oneOf(random, ['"user"', 'event', 'crew', 'media'])} CASCADE`)
    await restore(site, '--all', '--from', id)
    expect(differences(before, await describeDatabase(server))).toEqual([])
  })
})
