import {randomBytes} from 'node:crypto'
import {readdir, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import type {ListReport} from '../../src/backup/list.js'
import type {HistoryReport} from '../../src/env/updates/history.js'
import type {RollbackReport} from '../../src/env/updates/rollback.js'
import {errorOf, expectDone, type Run} from '../helpers/cli.js'
import {until} from '../helpers/embedded.js'
import {docker, StackSite} from '../helpers/stack.js'

const NAME = `aquastream-test/user-${randomBytes(4).toString('hex')}`
const NO_SERVER = 'postgresql://127.0.0.1:1/aquastream'
const [FIRST, SECOND, OTHER] = [`${NAME}:1.0`, `${NAME}:2.0`, `${NAME}:other`]

let site: StackSite

beforeAll(async () => {
  for (const image of [FIRST, SECOND, OTHER]) await derive(image)
  site = await StackSite.open()
  await site.writeStageFile()
})

afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await docker('image', 'rm', FIRST, SECOND, OTHER)
})

describe('updates on the compose engine', () => {
  test('a first start is no update of anything', async () => {
    expectDone(await upTo(FIRST))
    expect(await updates()).toEqual([])
    const run = await site.run('env:rollback --profile stage --json')
    expect(run.exitCode).toBe(10)
    expect(errorOf(run).code).toBe('no-such-update')
  })

  test('an update announces its interruption and makes a backup', async () => {
    const run = await upTo(SECOND)
    expectDone(run)
    expect(run.stderr).toContain(`user will be recreated: from ${FIRST} to ${SECOND}`)
    expect(run.stderr).toMatch(
      /^note: user \(about \d+ s\) is interrupted until the new container is healthy; the times are those of the last start; the swarm engine updates backends without interruption$/m,
    )
    const [backup] = await backups()
    expect(backup).toMatchObject({kind: 'safety', label: 'before-2.0', schemas: ['user']})
    expect(await updates()).toMatchObject([
      {command: 'env:up', changes: [{service: 'user', from: FIRST, to: SECOND, result: 'completed'}]},
    ])
  })

  test('a start that changes no image makes no backup', async () => {
    expectDone(await upTo(SECOND, 'BACKEND_MEMORY=700m'))
    expect(await backups()).toHaveLength(1)
    expect(await updates()).toHaveLength(1)
  })

  test('only the user can read the history', async () => {
    const [file] = await recordFiles()
    expect((await stat(file!)).mode & 0o777).toBe(0o600)
    expect((await stat(history())).mode & 0o777).toBe(0o700)
  })

  test('a rollback finds the image although its tag moved', async () => {
    const first = await idOf(FIRST)
    await docker('tag', OTHER, FIRST)
    const run = await site.run('env:rollback --profile stage')
    await docker('tag', first, FIRST)
    expectDone(run)
    expect(run.stderr).toMatch(/^note: user \(about \d+ s\) is interrupted/m)
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toContain(`user: rolled back from ${SECOND} to ${FIRST}.`)
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toContain('The settings still name the version')
    expect(await running()).toBe(first)
    expect((await updates())[0]).toMatchObject({
      command: 'env:rollback',
      changes: [{from: SECOND, to: FIRST, result: 'completed'}],
    })
  })

  test('a second rollback undoes the first one', async () => {
    const run = await site.run('env:rollback user --profile stage --json')
    expectDone(run)
    expect((JSON.parse(run.stdout) as RollbackReport).versions).toMatchObject([
      {service: 'user', from: FIRST, to: SECOND},
    ])
    expect(await running()).toBe(await idOf(SECOND))
  })

  test('after a rollback, a restart still waits for PostgreSQL', async () => {
    expectDone(await site.run('env:restart --profile stage'))
    const [user, postgres] = (await Promise.all(['user', 'postgres'].map(name => site.inspect(name)))).map(
      ({State: state}) => state,
    )
    // The checks of the run before it are kept.
    const checks = postgres!.Health!.Log.map(({End: end, ExitCode: status}) => ({
      status,
      time: Date.parse(end),
    }))
    const started = Date.parse(postgres!.StartedAt)
    const ready = checks.find(({status, time}) => status === 0 && time > started)!
    expect(Date.parse(user!.StartedAt)).toBeGreaterThan(ready.time)
  })

  test('a failed update names the rollback and the restore', async () => {
    // It is the schema of the stack that the update may migrate, whatever server the db: commands use.
    const run = await upTo('aquastream-testbed/dies:latest', `DATABASE_URL=${NO_SERVER}`)
    expect(run.exitCode, run.stderr).toBe(4)
    const [backup] = await backups()
    expect(backup!.label).toBe('before-latest')
    expect(run.stderr).toContain(`the previous image was ${SECOND}`)
    expect(run.stderr).toContain('to use the previous image: aquastream env:rollback user --profile stage')
    const restore = `db:restore --schema user --from ${backup!.id}`
    expect(run.stderr).toContain(
      `to restore the data from before the update: remove DATABASE_URL from the environment, which names another server, and run aquastream ${restore.replace('restore', 'restore --profile stage')}`,
    )
    expect((await updates())[0]!.changes[0]).toMatchObject({from: SECOND, result: 'failed'})
    expectDone(await site.run('env:rollback --profile stage'))
    expect(await running()).toBe(await idOf(SECOND))
    expectDone(await site.run(`${restore} --profile stage --yes`))
  })

  test('--no-backup updates without a backup', async () => {
    const before = await backups()
    expectDone(await upTo(FIRST, '', '--no-backup'))
    expect(await backups()).toHaveLength(before.length)
  })

  test.each([
    ['backup', {BACKUP_DIR: '.env.stage/backups'}, 'backup-directory', '--no-backup'],
    ['history', {XDG_STATE_HOME: '/proc/aquastream'}, 'state-directory', 'XDG_STATE_HOME'],
  ])('without a place for the %s the update does not begin', async (_, env, code, hint) => {
    const before = await updates()
    const run = await site.run(`${UP} --json`, {env: {BACKEND_USER_IMAGE: SECOND, ...env}})
    expect(run.exitCode).toBe(3)
    expect(errorOf(run)).toMatchObject({code, hint: expect.stringContaining(hint)})
    expect(await running()).toBe(await idOf(FIRST))
    expect(await updates()).toEqual(before)
  })

  test('an update that was killed can be rolled back', async () => {
    const known = await recordFiles()
    const killed = site.start(`${UP} --no-backup`, {env: {BACKEND_USER_IMAGE: SECOND}})
    await until(async () => (await recordFiles()).length > known.length, 'the update is recorded')
    killed.kill('SIGKILL')
    await killed.ended
    expect((await updates())[0]!.changes).toMatchObject([{from: FIRST, to: SECOND, result: 'unknown'}])
    expectDone(await upTo(SECOND, '', '--no-backup'))
    expectDone(await site.run('env:rollback --profile stage'))
    expect(await running()).toBe(await idOf(FIRST))
  })

  test('a damaged record is named and loses no other', async () => {
    const before = await updates()
    const newest = (await recordFiles()).at(-1)!
    await writeFile(newest, '{"format":1,"at":')
    const run = await site.run('env:history --profile stage')
    expectDone(run)
    expect(run.stderr).toContain(`warning: ${newest} is damaged`)
    expect(await updates()).toEqual(before.slice(1))
    expectDone(await upTo(SECOND, '', '--no-backup'))
    expect((await updates())[0]).toMatchObject({changes: [{to: SECOND, result: 'completed'}]})
  })
})

test('dev keeps no history of its updates', async () => {
  const run = await site.run('env:history --profile dev --json', {
    env: {AQUASTREAM_PROJECT: `${site.project}d`},
  })
  expect(run.exitCode).toBe(9)
  expect(errorOf(run).message).toBe('there is no history of updates in dev')
})

const UP = 'env:up --profile stage --service user'

function upTo(image: string, setting = '', flags = ''): Promise<Run> {
  const [name, value] = setting.split('=')
  return site.run(`${UP} ${flags}`, {env: {BACKEND_USER_IMAGE: image, ...(name && {[name]: value})}})
}

/** Makes an image like that of a backend, with an ID of its own. */
async function derive(image: string): Promise<void> {
  const container = await docker('create', 'aquastream-testbed/slow-jvm:latest')
  await docker('commit', '--change', `ENV VERSION=${image}`, container, image)
  await docker('rm', container)
}

function idOf(image: string): Promise<string> {
  return docker('image', 'inspect', '--format', '{{.Id}}', image)
}

async function running(): Promise<string> {
  return docker('inspect', '--format', '{{.Image}}', (await site.inspect('user')).Id)
}

async function updates(): Promise<HistoryReport['updates']> {
  const run = await site.run('env:history --profile stage --json')
  expectDone(run)
  return (JSON.parse(run.stdout) as HistoryReport).updates
}

async function backups(): Promise<ListReport['sets']> {
  return (JSON.parse((await site.run('db:list --profile stage --json')).stdout) as ListReport).sets
}

function history(): string {
  return join(site.env.XDG_STATE_HOME!, 'aquastream/.history', site.project)
}

/** The files of the updates, oldest first. */
async function recordFiles(): Promise<string[]> {
  const names = await readdir(history()).catch(() => [])
  return names
    .filter(name => /^\d.*\.json$/.test(name))
    .sort()
    .map(name => join(history(), name))
}
