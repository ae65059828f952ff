import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {siteWithoutDocker} from './site.js'

const PLACE = '--profile prod --dir backups/of-prod'

test('commands in error hints repeat the flags of the stack', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`db:pin 20261101T020000Z ${PLACE} --json`)
  expect(errorOf(run)).toMatchObject({
    code: 'no-such-backup',
    hint: `take one: aquastream db:backup ${PLACE}`,
  })
})

test('commands in warnings repeat the flags of the stack too', async () => {
  await using site = await siteWithoutDocker()
  const hint = `hint: take one: aquastream db:backup ${PLACE}`
  const warned = await site.run(`db:list ${PLACE}`)
  expect([warned.exitCode, warned.stderr.split('\n').at(-1)]).toEqual([0, hint])
  const found = await site.run(`db:list ${PLACE} --max-age 26`)
  expect([found.exitCode, found.stderr.split('\n').at(-1)]).toEqual([7, hint])
})

test('commands in hints repeat quoted flags that they support', async () => {
  await using site = await siteWithoutDocker()
  const where = ['--profile', 'stage', '--dir', "it's here"]
  const run = await site.run([
    ...['db:verify', '20261101T020000Z', '--database-url', 'postgresql://u@127.0.0.1:1/d', '--json'],
    ...where,
  ])
  expect(errorOf(run).hint).toBe(
    String.raw`take one: aquastream db:backup --profile stage --dir 'it'\''s here' --database-url postgresql://u@127.0.0.1:1/d`,
  )
})

test('a flag that the hint contains is not repeated', async () => {
  await using site = await siteWithoutDocker()
  await site.write('my.env', 'AQUASTREAM_PROJECT=mine\n')
  const {stderr} = await site.run('env:status --env-file my.env')
  expect(stderr).toContain('aquastream env:up --env-file my.env --profile dev')
  expect(stderr.match(/--profile/g)).toHaveLength(1)
})

test('a hint that names another profile is not changed', async () => {
  await using site = await siteWithoutDocker()
  await site.write('my.env', '')
  const run = await site.run('env:up --profile stage --env-file my.env --stub user --json')
  expect(errorOf(run).hint).toBe('remove --stub, or start dev: aquastream env:up --profile dev')
})

test('a hint is not changed when no flag was given', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('db:pin 20261101T020000Z --json', {env: {AQUASTREAM_PROFILE: 'prod'}})
  expect(errorOf(run).hint).toBe('take one: aquastream db:backup')
})

const CANARY = 'canary-7d1f'

test.each([
  `postgresql://u:${CANARY}@127.0.0.1/d`,
  `postgresql://u:/${CANARY}@127.0.0.1/d`,
  `postgresql://127.0.0.1/d?password=${CANARY}`,
  `postgresql://127.0.0.1/d?p%61ssword=${CANARY}`,
  `host=h passwd=${CANARY}`,
  `postgresql://u:1?${CANARY}@127.0.0.1/d`,
  `postgresql://u:1#${CANARY}@127.0.0.1/d`,
  `u:${CANARY}@127.0.0.1`,
])('the password in %s does not appear in hints', async url => {
  await using site = await siteWithoutDocker()
  for (const [words, exitCode] of [
    [['db:verify', '20261101T020000Z'], 10],
    [['db:backup'], 2],
  ] as const) {
    const run = await site.run([...words, '--database-url', url, '--json'])
    expect(run.exitCode).toBe(exitCode)
    expect(run.stdout + run.stderr).not.toContain(CANARY)
  }
})
