import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {hostname, tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {translateHealth} from '../../../src/engines/swarm/translate/health.js'

const TIMES = {interval: '10s', timeout: '5s', retries: 3, start_period: '1m0s', start_interval: '500ms'}
const HOSTNAME = `${hostname()}-aquastream-${process.pid}`
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aquastream-health-'))
})

afterEach(async () => {
  await rm(directory, {recursive: true})
  await rm(`/tmp/.ready-${HOSTNAME}`, {force: true})
})

describe('the check of a data service', () => {
  test('a database that recovers is alive once it was ready', async () => {
    const check = 'pg_isready -q'
    expect(await run(check, 'pg_isready', 'exit 1')).toBe(1)
    expect(await run(check, 'pg_isready', 'exit 0')).toBe(0)
    expect(await run(check, 'pg_isready', 'exit 1')).toBe(0)
    expect(await run(check, 'pg_isready', 'exit 2')).not.toBe(0)
  })

  test('a Redis that loads its data is alive', async () => {
    const check = 'redis-cli ping | grep -q PONG'
    expect(await run(check, 'redis-cli', 'echo PONG')).toBe(0)
    expect(await run(check, 'redis-cli', 'echo LOADING Redis is loading the dataset')).toBe(0)
    expect(await run(check, 'redis-cli', 'echo NOAUTH')).not.toBe(0)
  })

  test('a recovery of half an hour is not ended', () => {
    const period = (isData: boolean) => translate('pg_isready', isData).StartPeriod
    expect(period(true)).toBe(1800e9)
    expect(period(false)).toBe(60e9)
  })
})

function translate(command: string, isData = true) {
  return translateHealth({test: ['CMD-SHELL', command], ...TIMES}, {exported: false, isData})
}

/** Runs the check with a program of this content, and returns its exit status. */
async function run(check: string, program: string, script: string): Promise<number | undefined> {
  const path = join(directory, program)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  const env = {PATH: `${directory}:${process.env.PATH}`, HOSTNAME}
  return (await execa('sh', ['-c', translate(check).Test[1]!], {env, reject: false})).exitCode
}
