import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {checkSums, FIXTURE, fingerprint, remains} from '../helpers/crash-site.js'
import type {Sql} from '../helpers/postgres.js'
import {randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {docker, StackSite} from '../helpers/stack.js'
import {hold, waitingForTable} from '../helpers/waiting.js'

const random = randomFrom(SEED)

let site: StackSite
let container: string
let set: string
let before: string

const sql: Sql = (...request) => site.sql(...request)

beforeAll(async () => {
  site = await StackSite.open()
  await site.run('env:up --profile dev --service postgres')
  container = (await site.inspect('postgres')).Id
  await sql('DROP SCHEMA IF EXISTS "user", event, crew, payment, notification, media CASCADE')
  await sql(FIXTURE)
  expect(await site.run('db:backup --pin')).toMatchObject({exitCode: 0})
  set = (await readdir(root())).find(name => /^\d/.test(name))!
  await sql('DELETE FROM "user".notes WHERE id > 10')
  before = await fingerprint({sql})
})
afterAll(() => site[Symbol.asyncDispose]())

/** The command waits for a table that the test has locked, so it does not end by itself. */
test.each([
  {command: 'db:backup', mode: 'ACCESS EXCLUSIVE', signal: 'SIGKILL'},
  {command: 'db:backup', mode: 'ACCESS EXCLUSIVE', signal: 'SIGINT'},
  {command: 'db:restore --yes --schema user --lock-timeout 5', mode: 'ACCESS SHARE', signal: 'SIGKILL'},
  {command: 'db:restore --yes --schema user --lock-timeout 60', mode: 'ACCESS SHARE', signal: 'SIGINT'},
] as const)('$signal during $command leaves no process in the container', async ({command, mode, signal}) => {
  await using held = await hold({sql}, '"user".notes', mode)
  const running = site.start(command)
  await waitingForTable({sql})
  running.kill(signal)
  const {exitCode} = await running.ended
  if (signal === 'SIGINT') expect(exitCode).toBe(130)
  await held.release()
  // A killed command cannot cancel the restore when the table is released; an interrupted one has cancelled it.
  if (signal === 'SIGKILL') await forgetTheRestore()
  await nothingLeft()
})

test.each(['db:backup', 'db:restore --yes --schema user'])(
  'killing %s at any moment leaves no partial change',
  async command => {
    for (let round = 0; round < roundsOr(2); round++) {
      const delay = Math.round(400 + random() * 1500)
      console.log(`seed ${SEED}: after ${delay} ms`)
      const running = site.start(`${command}${command.includes('restore') ? ` --from ${set}` : ''}`)
      await Promise.race([sleep(delay), running.ended])
      running.kill('SIGKILL')
      await running.ended
      await forgetTheRestore()
      await nothingLeft()
    }
  },
)

/** Reverts the restore of a killed command, which may have been sent completely. */
async function forgetTheRestore(): Promise<void> {
  expect(await remains({sql})).toBe('')
  const rows = await sql('SELECT count(*) FROM "user".notes')
  expect(['10', '4000']).toContain(rows)
  if (rows === '4000') await sql('DELETE FROM "user".notes WHERE id > 10')
}

async function nothingLeft(): Promise<void> {
  expect(await remains({sql})).toBe('')
  const {stdout} = await execa('docker', ['top', container, '-eo', 'pid,comm'])
  expect(stdout).not.toMatch(/psql|pg_dump|gzip|sleep/)
  expect(await fingerprint({sql})).toBe(before)
  expect([...(await checkSums(root())).values()].filter(kind => kind.startsWith('broken'))).toEqual([])
  expect(await docker('inspect', '--format', '{{.RestartCount}} {{.State.Status}}', container)).toBe(
    '0 running',
  )
  // The server has not crashed in the meantime.
  expect(await docker('logs', container).catch(String)).not.toContain('was not properly shut down')
}

function root(): string {
  return join(site.directory, 'backups', 'dev')
}
