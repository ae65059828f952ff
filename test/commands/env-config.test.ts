import {mkdir, readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import type {ConfigReport} from '../../src/env/config.js'
import {errorOf, type Run, Site} from '../helpers/cli.js'
import {SECRETS} from '../helpers/stack.js'
import {siteWithoutDocker} from './site.js'

const rowOf = (run: Run, name: string) =>
  (JSON.parse(run.stdout) as ConfigReport).settings.find(row => row.name === name)

test('each setting is shown with its source', async () => {
  await using site = await siteWithoutDocker({REDIS_PORT: '7001'})
  await site.write('mine.env', 'USER_PORT=7002\n')
  await site.write('.env.dev', 'EVENT_PORT=7003\n')
  await site.write('.env', 'CREW_PORT=7004\n')
  const {exitCode, stdout, stderr} = await site.run('env:config --profile dev --env-file mine.env')
  expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''})
  for (const line of [
    /^Profile dev, project aquastream-dev\. Sources, the first takes precedence: the environment, mine.env, .env.dev, .env\.$/m,
    /^ {2}AQUASTREAM_PROFILE +dev +--profile$/m,
    /^ {2}REDIS_PORT +7001 +the environment$/m,
    /^ {2}USER_PORT +7002 +mine.env$/m,
    /^ {2}EVENT_PORT +7003 +\.env\.dev$/m,
    /^ {2}CREW_PORT +7004 +\.env$/m,
    /^ {2}BIND +127\.0\.0\.1 +default$/m,
    /^ {2}IMAGE_PREFIX +- +not set$/m,
  ])
    expect(stdout).toMatch(line)
})

test('neither secrets nor their lengths are shown', async () => {
  const database = 'postgresql://somebody:canary-in-url@example.com/db'
  await using site = await siteWithoutDocker({...SECRETS, DATABASE_URL: database})
  for (const words of ['env:config --profile stage', 'env:config --profile stage --json']) {
    const {exitCode, stdout, stderr} = await site.run(words)
    expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''})
    expect(stdout).toContain('********')
    const secrets = Object.entries(SECRETS).filter(([name]) => !/ID$|USERNAME$/.test(name))
    for (const value of [...secrets.map(([, secret]) => secret), 'canary-in-url'])
      expect(stdout).not.toContain(value)
  }
  expect(rowOf(await site.run('env:config --profile stage --json'), 'JWT_SECRET')).toMatchObject({
    value: '********',
    source: 'the environment',
  })
})

test('env:config creates neither secrets nor a state directory', async () => {
  await using site = await siteWithoutDocker()
  const cwd = join(site.directory, 'work')
  await mkdir(cwd)
  const run = await site.run('env:config --json', {cwd})
  expect(run.exitCode).toBe(0)
  expect(rowOf(run, 'JWT_SECRET')).toMatchObject({value: null, source: 'generated on first use'})
  expect([await readdir(site.directory), await readdir(cwd)]).toEqual([['work'], []])
})

test('generated secrets are shown with the source generated', async () => {
  await using site = await siteWithoutDocker()
  await site.run('env:up --profile dev')
  const {stdout} = await site.run('env:config')
  expect(stdout).toMatch(/^ {2}JWT_SECRET +\*{8} +generated$/m)
  expect(stdout).toContain(
    `the first takes precedence: the environment, ${site.directory}/state/aquastream/dev.env`,
  )
})

test('a value that an earlier source overrides is named', async () => {
  await using site = await siteWithoutDocker({REDIS_PORT: '7001'})
  await site.write('.env.dev', 'REDIS_PORT=7002\n')
  await site.write('.env', 'REDIS_PORT=7003\n')
  const {stdout} = await site.run('env:config')
  expect(stdout).toContain('\nREDIS_PORT in .env.dev and .env is ignored; the environment takes precedence.')
})

test('unused variables are listed, misspelt ones with a suggestion', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', 'POSTGRES_PASWORD=hunter2-hunter2\nVITE_API_URL=x\nNODE_ENV=y\n')
  const {stdout} = await site.run('env:config')
  expect(stdout.split('\n').slice(-2)).toEqual([
    'Unused variable in .env: POSTGRES_PASWORD; did you mean POSTGRES_PASSWORD?',
    'Unused variables in .env: VITE_API_URL, NODE_ENV.',
  ])
})

test('settings of the mocks are used only in dev', async () => {
  await using site = await siteWithoutDocker({...SECRETS, GATEWAY_PORT: '8090'})
  await site.write('.env.stage', 'MOCKS_PORT=oops\n')
  const {exitCode, stdout, stderr} = await site.run('env:config --profile stage')
  expect({exitCode, stderr}, 'another service may use the port of the mocks').toEqual({
    exitCode: 0,
    stderr: '',
  })
  expect(stdout.split('\n').filter(line => line.includes('MOCKS_'))).toEqual([
    'Unused variables in .env.stage: MOCKS_PORT.',
  ])
  const dev = await site.run('env:config --profile dev --json', {env: {GATEWAY_PORT: ''}})
  expect(rowOf(dev, 'MOCKS_PORT')).toMatchObject({value: '8090', source: 'default'})
})

test('settings that env:up would reject determine the exit status', async () => {
  await using site = await siteWithoutDocker({...SECRETS, JWT_SECRET: 'change-me', BIND: 'here'})
  const run = await site.run('env:config --profile prod')
  expect(run.exitCode).toBe(9)
  expect(run.stdout).toMatch(/^ {2}JWT_SECRET +\*{8} +the environment$/m)
  expect(run.stderr.split('\n').filter(line => line.startsWith('error:'))).toEqual([
    'error: JWT_SECRET is a placeholder, not a secret',
    'error: BIND in the environment must be an IPv4 address',
  ])
})

test('an invalid value is not shown by env:config', async () => {
  await using site = await siteWithoutDocker({REDIS_PORT: 'hunter2'})
  const text = await site.run('env:config')
  expect(text.exitCode).toBe(2)
  expect(text.stdout).toMatch(/^ {2}REDIS_PORT +invalid, not shown +the environment$/m)
  const json = await site.run('env:config --json')
  expect(rowOf(json, 'REDIS_PORT')).toMatchObject({value: null, valid: false, source: 'the environment'})
  expect(text.stdout + text.stderr + json.stdout).not.toContain('hunter2')
})

test('control characters of a value do not reach the terminal', async () => {
  await using site = await siteWithoutDocker({BACKEND_JAVA_OPTIONS: '-Dx=\u001b[2J\u0007'})
  const {stdout} = await site.run('env:config')
  expect(stdout).toMatch(/^ {2}BACKEND_JAVA_OPTIONS +-Dx=\?\[2J\? +the environment$/m)
})

test.each([
  [80, /^ {2}POSTGRES_IMAGE +registry.example.com\/\w*… +the environment\r$/m],
  [
    40,
    /^ {2}POSTGRES_IMAGE\r\n {4}registry.example.com\/ours\/postgres:16-alpine-with-more\r\n {4}.*the environment/m,
  ],
])('at %i columns, both value and source are shown', async (columns, expected) => {
  await using site = await Site.open({
    POSTGRES_IMAGE: 'registry.example.com/ours/postgres:16-alpine-with-more',
  })
  const {stdout} = await site.runInTerminal('env:config --profile dev', columns)
  expect(stdout).toMatch(expected)
})

test('a file with a malformed line is an error', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.dev', 'hunter2\n')
  const run = await site.run('env:config --profile dev --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run).message).toBe(
    `line 1 of ${join(site.directory, '.env.dev')} is not a valid NAME=value assignment`,
  )
})

test.each(['.env.dev', './.env.dev', '.env'])('%s that --env-file names is read only once', async file => {
  await using site = await siteWithoutDocker()
  await site.write(file, 'REDIS_PORT=7001\n')
  const {stdout} = await site.run(`env:config --profile dev --env-file ${file}`)
  expect(stdout).toContain(`Sources, the first takes precedence: the environment, ${file}.\n`)
  expect(stdout).not.toContain('is ignored')
})
