import {readdir} from 'node:fs/promises'
import {beforeEach, describe, expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import {listTree} from '../helpers/backups.js'
import {freePort} from '../helpers/free-port.js'
import {OffsiteSite, PASSWORD, resticPrograms} from '../helpers/restic.js'

describe.each([...resticPrograms()])('env:doctor with restic %s', (version, programs) => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(programs)
    return () => site[Symbol.asyncDispose]()
  })

  /** The result of the check, with other settings. */
  async function check(env: NodeJS.ProcessEnv = {}) {
    const run = await site.run('env:doctor --json', {env})
    expect(run.stdout).not.toContain(PASSWORD)
    const found = (JSON.parse(run.stdout) as DoctorReport).checks.filter(one => one.check === 'offsite')
    expect(found).toHaveLength(1)
    return found[0]
  }

  test('a repository that restic opens is not changed', async () => {
    await site.createRepository()
    const before = await listTree(site.repository)
    expect(await check()).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(`^restic ${version}\\.\\d+ opens ${site.repository}$`) as string,
    })
    expect(await listTree(site.repository)).toEqual(before)
    // restic has not even made a cache.
    expect(await readdir(site.directory)).toEqual(['offsite', 'state'])
  })

  test('what keeps restic from the repository is named', async () => {
    expect(await check()).toMatchObject({verdict: 'failed', code: 'no-such-repository'})
    await site.createRepository()
    expect(await check({OFFSITE_PASSWORD: 'another-password'})).toMatchObject({
      verdict: 'failed',
      code: 'offsite-password',
    })
    const tooOld = await site.detour('echo restic 0.12.1 compiled with go1.18; exit')
    expect(await check(tooOld)).toMatchObject({verdict: 'failed', code: 'tool-too-old'})
    expect(await check({OFFSITE_REPOSITORY: 'sftp:root@localhost:/backups'})).toMatchObject({
      verdict: 'failed',
      code: 'refused',
      message: expect.stringContaining('the host key of localhost is not in') as string,
    })
    const nowhere = `rest:http://127.0.0.1:${await freePort()}/`
    expect(await check({OFFSITE_REPOSITORY: nowhere, OFFSITE_TIMEOUT: '3'})).toMatchObject({
      verdict: 'failed',
      code: 'offsite-unreachable',
      message: expect.stringContaining(nowhere) as string,
    })
  })
})
