import {access, chmod, chown, rename} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {describe, expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import {inShell, NOBODY, whyNotAs} from '../commands/site.js'
import {errorOf} from '../helpers/cli.js'
import {EmbeddedSite} from '../helpers/embedded.js'

test('after a stop nothing runs, but data is kept', async () => {
  await using site = await EmbeddedSite.open()
  await site.up()
  await site.sql('CREATE TABLE event.kept AS SELECT 42 AS answer')
  const run = await site.run('env:down')
  expect(run.stdout).toBe(
    `Project ${site.env.AQUASTREAM_PROJECT} is stopped. Its data is kept; aquastream env:up --profile dev starts it again.`,
  )
  expect(await site.remains(0)).toEqual([])
  await site.up('postgres')
  expect(await site.sql('SELECT answer FROM event.kept')).toBe('42')
})

test('a stop with --volumes names the data and deletes it', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  const refused = await site.run('env:down --volumes')
  expect(refused.exitCode).toBe(9)
  expect(refused.stderr).toContain(join(site.home, 'postgres'))
  await access(join(site.home, 'postgres'))
  const run = await site.run('env:down --volumes --yes')
  expect(run.stdout).toContain(`Its data was deleted: ${join(site.home, 'postgres')}.`)
  await expect(access(site.home)).rejects.toThrow('ENOENT')
  expect(await site.remains(0)).toEqual([])
})

test.each(['xterm', 'dumb'])('Ctrl-C at the question of env:down changes nothing, TERM=%s', async TERM => {
  await using site = await EmbeddedSite.open({TERM})
  await site.up('postgres')
  await site.run('env:down')
  const asked = `Type "${site.env.AQUASTREAM_PROJECT}" to continue:`
  const run = await site.runInTerminal('env:down --volumes', 100, [[asked, '\u0003']])
  expect(run.exitCode, run.stdout).toBe(130)
  expect(stripVTControlCharacters(run.stdout)).toMatch(/^error: interrupted; nothing was changed/m)
  await access(join(site.home, 'postgres'))
})

test('the next env:down completes a killed deletion', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.run('env:down')
  const aside = join(dirname(site.home), `.${site.env.AQUASTREAM_PROJECT}.deleted`)
  await rename(site.home, aside)
  const run = await site.run('env:down --volumes --yes')
  expect(run.stdout).toContain(`Its data was deleted: ${join(aside, 'postgres')}.`)
  await expect(access(aside)).rejects.toThrow('ENOENT')
})

describe('another user', () => {
  test.for([
    ['may enter but not list', 0o711],
    ['may not enter', 0o700],
  ] as const)('who %s the directory gets an error', async ([, mode], {skip}) => {
    const reason = await whyNotAs(NOBODY)
    skip(reason !== undefined, reason)
    await using site = await EmbeddedSite.open()
    await site.up('postgres')
    await chmod(dirname(site.home), mode)
    for (const command of ['env:down', 'env:status', 'logs', 'db:backup']) {
      const run = await site.run(`${command} --json`, {user: NOBODY})
      expect(run.exitCode, command).toBe(3)
      expect(errorOf(run), command).toMatchObject({
        code: 'state-directory',
        message: `this user may not check whether a stack is running in ${site.home}`,
      })
    }
    // The location of the backups does not depend on the running stack.
    expect((await site.run('db:list', {user: NOBODY, cwd: '/'})).exitCode).toBe(0)
    const doctor = await site.run('env:doctor --json', {user: NOBODY})
    const {checks} = JSON.parse(doctor.stdout) as DoctorReport
    expect(checks.filter(({verdict}) => verdict === 'failed')).not.toEqual([])
  })
})

test('a stop without access to its lock fails immediately', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await EmbeddedSite.open()
  await site.allow(NOBODY)
  const started = await site.run('env:up --service postgres', {user: NOBODY})
  expect(started.exitCode).toBe(0)
  await chown(dirname(site.home), 0, 0)
  await chmod(dirname(site.home), 0o755)
  const run = await site.run('env:down --json', {user: NOBODY})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run).code).toBe('state-directory')
  expect(errorOf(run).message).toContain(dirname(site.home))
})

test('the data of a stopped stack is deleted, too', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('postgres')
  await site.run('env:down')
  expect((await site.run('env:down --volumes --yes')).stdout).toContain('Its data was deleted')
})

test('stopping a stack that is not running changes nothing', async () => {
  await using site = await EmbeddedSite.open()
  const {exitCode, stdout} = await site.run('env:down', {env: {PATH: '/nonexistent'}})
  expect({exitCode, stdout}).toEqual({
    exitCode: 0,
    stdout: `Project ${site.env.AQUASTREAM_PROJECT} was not running; nothing was changed.`,
  })
})

test('if Docker does not respond, its state is unknown', async () => {
  await using site = await EmbeddedSite.open()
  const silence = 'cannot connect to Docker Engine at /nonexistent/none.sock'
  expect((await site.run('env:down')).stdout).toBe(
    `Project ${site.env.AQUASTREAM_PROJECT} was not running; nothing was changed.\n` +
      `Docker could not be queried: ${silence}. If the stack runs on Docker, run this command again when Docker is available.`,
  )
  for (const command of ['env:status', 'logs', 'db:backup']) {
    const run = await site.run(`${command} --json`)
    expect(run.exitCode).toBe(4)
    expect(run.stdout).toContain(silence)
  }
  const run = await site.run('env:status')
  expect(run.stderr).toBe(
    `error: the dev stack is not running on the embedded engine, and ${silence}\n` +
      'hint: if it runs on Docker, start Docker; otherwise start it: aquastream env:up --profile dev',
  )
})

test('a supervisor stops everything if its directory is deleted', async () => {
  await using site = await EmbeddedSite.open()
  await site.up('gateway')
  const {rm} = await import('node:fs/promises')
  await rm(site.home, {recursive: true})
  expect(await site.remains()).toEqual([])
})

test('printed commands act on the stack of --env-file', async () => {
  await using site = await EmbeddedSite.open()
  // Without the file, commands act on another project.
  await site.write("it's here.env", `AQUASTREAM_PROJECT=${site.env.AQUASTREAM_PROJECT}\n`)
  const run = async (command: string) => inShell(site, `unset AQUASTREAM_PROJECT; ${command}`)
  const flags = String.raw`--profile dev --env-file 'it'\''s here.env'`
  const up = await run(`aquastream env:up --service mocks ${flags}`)
  expect(up.stdout.split('\n').slice(-3)).toEqual([
    `  aquastream logs --follow ${flags}`,
    `  aquastream env:status ${flags}`,
    `  aquastream env:down ${flags}`,
  ])
  const stop = await run(`aquastream env:stop mocks ${flags}`)
  expect(stop.stdout).toContain(`To start again: aquastream env:restart mocks ${flags}`)
  const down = await run(up.stdout.split('\n').at(-1)!)
  expect(down.stdout).toBe(
    `Project ${site.env.AQUASTREAM_PROJECT} is stopped. Its data is kept; aquastream env:up ${flags} starts it again.`,
  )
})
