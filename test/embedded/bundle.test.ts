import {afterAll, beforeAll, expect, test} from 'vitest'
import type {BundleReport} from '../../src/support/bundle.js'
import {unpack} from '../helpers/bundle.js'
import {CANARIES, expectNoCanary} from '../helpers/canaries.js'
import {EmbeddedSite, killSupervision} from '../helpers/embedded.js'

/** Redis and MinIO are skipped, so no service receives their secrets. */
const TOLD = Object.fromEntries(Object.entries(CANARIES).filter(([name]) => !/^(?:REDIS|S3)_/.test(name)))

let site: EmbeddedSite
beforeAll(async () => {
  site = await EmbeddedSite.open()
  const run = await site.run('env:up', {env: CANARIES})
  expect(run.exitCode, run.stderr).toBe(0)
})
afterAll(async () => site[Symbol.asyncDispose]())

test('a bundle contains none of the secrets in logs', async () => {
  const {POSTGRES_PASSWORD: password = ''} = TOLD
  const plainly = 'SET log_min_error_statement = panic; SET log_error_verbosity = terse;'
  await expectNoCanary(site, TOLD, ['postgres'], async (_service, text) => {
    // PostgreSQL begins each continuation line of a message with a tab.
    const entries = text.split(/\n(?=before|cut|x)/)
    const raises = entries.map(entry => `RAISE LOG USING MESSAGE = $entry$${entry}$entry$;`)
    await site.sql(`${plainly} DO $do$ BEGIN ${raises.join('\n')} END $do$`, {password})
  })
})

test('services without a supervisor are missing, as their secrets are unknown', async () => {
  await using left = await EmbeddedSite.open({POSTGRES_PASSWORD: 'canary-of-the-start'})
  await left.up('postgres')
  await left.sql("DO $$ BEGIN RAISE LOG 'canary-of-the-start'; END $$", {password: 'canary-of-the-start'})
  expect(await killSupervision(left)).toBe(1)
  const run = await left.run('logs --bundle left.tar.gz --json', {env: {POSTGRES_PASSWORD: ''}})
  expect(run.exitCode, run.stdout).toBe(0)
  const {path, missing} = JSON.parse(run.stdout) as BundleReport
  expect(missing).toContainEqual(expect.objectContaining({what: 'services and their logs'}))
  expect([...(await unpack(path)).values()].join('')).not.toContain('canary-of-the-start')
})

test('a bundle contains states, checks and versions', async () => {
  expect((await site.run('logs user --bundle facts.tar.gz')).exitCode).toBe(0)
  const files = await unpack(`${site.directory}/facts.tar.gz`)
  const read = (name: string): unknown => JSON.parse(files.get(`facts/${name}`)!)
  expect(read('services.json')).toContainEqual(
    expect.objectContaining({
      service: 'user',
      health: 'healthy',
      checks: expect.arrayContaining([{at: expect.any(String), exitCode: 0, output: ''}]),
    }),
  )
  expect(read('versions.json')).toMatchObject({
    engine: {name: 'embedded', Node: process.version, PostgreSQL: expect.stringMatching(/^\d/)},
  })
})
