import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {siteWithoutDocker} from './site.js'

const PLACE = '--profile prod --dir backups/of-prod'

test('a command that an error names is about the same stack and backups', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`db:pin 20261101T020000Z ${PLACE} --json`)
  expect(errorOf(run)).toMatchObject({
    code: 'no-such-backup',
    hint: `make one: aquastream db:backup ${PLACE}`,
  })
})

test('and one that a warning or a finding names', async () => {
  await using site = await siteWithoutDocker()
  const hint = `hint: make one: aquastream db:backup ${PLACE}`
  const warned = await site.run(`db:list ${PLACE}`)
  expect([warned.exitCode, warned.stderr.split('\n').at(-1)]).toEqual([0, hint])
  const found = await site.run(`db:list ${PLACE} --max-age 26`)
  expect([found.exitCode, found.stderr.split('\n').at(-1)]).toEqual([7, hint])
})

test('with those of the flags that it knows, in words for a shell', async () => {
  await using site = await siteWithoutDocker()
  const where = ['--profile', 'stage', '--dir', "it's here"]
  const run = await site.run([
    ...['db:verify', '20261101T020000Z', '--database-url', 'postgresql://u@127.0.0.1:1/d', '--json'],
    ...where,
  ])
  expect(errorOf(run).hint).toBe(
    String.raw`make one: aquastream db:backup --profile stage --dir 'it'\''s here' --database-url postgresql://u@127.0.0.1:1/d`,
  )
})

test('without flags it stays as it is', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('db:pin 20261101T020000Z --json', {env: {AQUASTREAM_PROFILE: 'prod'}})
  expect(errorOf(run).hint).toBe('make one: aquastream db:backup')
})

const CANARY = 'canary-7d1f'

test.each([
  `postgresql://u:${CANARY}@127.0.0.1/d`,
  `postgresql://u:/${CANARY}@127.0.0.1/d`,
  `postgresql://127.0.0.1/d?password=${CANARY}`,
  `u:${CANARY}@127.0.0.1`,
])('the password in %s is not repeated', async url => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`db:verify 20261101T020000Z --database-url ${url} --json`)
  expect(run.exitCode).not.toBe(0)
  expect(run.stdout + run.stderr).not.toContain(CANARY)
})
