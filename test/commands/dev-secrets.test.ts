import {chmod, mkdir, readdir, readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import {errorOf, type Site} from '../helpers/cli.js'
import {NO_DOCKER, NOBODY, problemsOf, siteWithoutDocker, whyNotAs} from './site.js'

const HINT = 'set XDG_STATE_HOME to a writable directory'

test('the first start makes private secrets, even without Docker', async () => {
  await using site = await siteWithoutDocker()
  expect((await site.run('env:up --engine compose --profile dev')).exitCode).toBe(3)
  expect(await modeOf(stateOf(site))).toBe('700')
  expect(await modeOf(fileOf(site))).toBe('600')
  const lines = (await readFile(fileOf(site), 'utf8')).split('\n').filter(line => /^\w/.test(line))
  const ours = lines.filter(line => !line.startsWith('TELEGRAM_BOT_TOKEN='))
  const values = ours.map(line => /^[A-Z0-9_]+=([0-9a-f]{32,})$/.exec(line)?.[1])
  expect(new Set(values).size, 'every secret is another').toBe(6)
})

test.each([
  ['env:up --engine compose --profile dev', 'state/aquastream/dev.env'],
  ['env:init', '.env.dev'],
])('%s makes a bot token that client libraries take', async (words, file) => {
  await using site = await siteWithoutDocker()
  await site.run(words)
  const text = await readFile(join(site.directory, file), 'utf8')
  expect(text).toMatch(/^TELEGRAM_BOT_TOKEN=[1-9]\d{9}:[\w-]{35}$/m)
})

test('later starts keep the secrets of the first', async () => {
  await using site = await siteWithoutDocker()
  await site.run('env:up --engine compose --profile dev')
  const made = await readFile(fileOf(site), 'utf8')
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(JSON.parse(run.stdout)).toEqual({error: NO_DOCKER})
  expect(await readFile(fileOf(site), 'utf8')).toBe(made)
})

test('starts at the same moment agree on the secrets', async () => {
  await using site = await siteWithoutDocker()
  const env = await curiousDocker(site)
  await Promise.all(Array.from({length: 4}, () => site.run('env:up --engine compose --profile dev', {env})))
  const given = (await readFile(join(site.directory, 'given'), 'utf8')).trimEnd().split('\n')
  const [, kept] = /^POSTGRES_PASSWORD=(.+)$/m.exec(await readFile(fileOf(site), 'utf8')) ?? []
  expect(given).toEqual([kept, kept, kept, kept])
  expect(await readdir(stateOf(site)), 'no drafts stay').toEqual(['dev.env'])
})

test('secrets of other profiles are never made up', async () => {
  await using site = await siteWithoutDocker()
  await site.run('env:up --profile stage')
  expect(await readdir(site.directory)).toEqual([])
})

test('who sets all secrets gets no secrets file', async () => {
  await using site = await siteWithoutDocker()
  await site.write(
    '.env',
    SETTINGS.filter(({secret, neededIn}) => secret && neededIn)
      .map(({name}) => `${name}=my-own-secret\n`)
      .join(''),
  )
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
  expect(await readdir(site.directory)).toEqual(['.env'])
})

test('a file in place of the state directory is named', async () => {
  await using site = await siteWithoutDocker()
  await site.write('state', '')
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({code: 'state-directory', hint: HINT})
  expect(errorOf(run).message).toMatch(`${stateOf(site)} cannot be created: `)
})

test('a state directory of somebody else is named', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  await mkdir(stateOf(site), {recursive: true})
  await chmod(site.directory, 0o755)
  const run = await site.run('env:up --engine compose --profile dev', {user: NOBODY})
  expect(run).toMatchObject({exitCode: 3, stdout: ''})
  expect(run.stderr).toMatch(`error: ${fileOf(site)} cannot be written: permission denied`)
  expect(run.stderr).toMatch(`hint: ${HINT}`)
})

test('a user without a home learns what to set', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  const env = {HOME: undefined, XDG_STATE_HOME: undefined}
  const run = await site.run('env:up --engine compose --profile dev --json', {user: NOBODY, cwd: '/', env})
  expect(run.exitCode).toBe(3)
  expect(errorOf(run)).toMatchObject({code: 'state-directory', hint: HINT})
})

test('without HOME the state directory that is set counts', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --engine compose --profile dev --json', {env: {HOME: undefined}})
  expect(JSON.parse(run.stdout)).toEqual({error: NO_DOCKER})
  expect(await readdir(stateOf(site))).toEqual(['dev.env'])
})

test.skipIf(await whyNotAs(NOBODY)).each([{}, {HOME: undefined}])(
  'a user whom the machine does not know is served',
  async home => {
    await using site = await siteWithoutDocker()
    await chmod(site.directory, 0o777)
    const run = await site.run('env:up --engine compose --profile dev', {user: 4242, cwd: '/', env: home})
    expect(run.stderr).toContain(`error: ${NO_DOCKER.message}\n`)
  },
)

test('a relative state directory is ignored', async () => {
  await using site = await siteWithoutDocker({XDG_STATE_HOME: 'here'})
  await site.run('env:up --engine compose --profile dev')
  expect(await readdir(site.directory)).not.toContain('here')
})

test('a secret that the file lacks is added to it', async () => {
  await using site = await siteWithoutDocker()
  await mkdir(stateOf(site), {recursive: true})
  const old = 'POSTGRES_PASSWORD=aaaabbbbcccc\nREDIS_PASSWORD=ddddeeeeffff\n'
  await writeFile(fileOf(site), old)
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
  expect(await readFile(fileOf(site), 'utf8')).toMatch(/^POSTGRES_PASSWORD=a+b+c+\nREDIS_PASSWORD=d+e+f+\n./)
})

test('an edited file without a last line end keeps its secrets', async () => {
  await using site = await siteWithoutDocker()
  await mkdir(stateOf(site), {recursive: true})
  await writeFile(fileOf(site), 'POSTGRES_PASSWORD=aaaabbbbcccc\nREDIS_PASSWORD=ddddeeeeffff')
  await site.run('env:up --engine compose --profile dev --json')
  expect(await readFile(fileOf(site), 'utf8')).toMatch(/^REDIS_PASSWORD=ddddeeeeffff$/m)
})

function stateOf({directory}: Site): string {
  return join(directory, 'state', 'aquastream')
}

function fileOf(site: Site): string {
  return join(stateOf(site), 'dev.env')
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

/** A docker command that notes the password it was given, and then fails, so that nothing starts. */
async function curiousDocker(site: Site): Promise<NodeJS.ProcessEnv> {
  const bin = join(site.directory, 'bin')
  await mkdir(bin)
  const note = `echo "$POSTGRES_PASSWORD" >> '${join(site.directory, 'given')}'; exit 1`
  await writeFile(
    join(bin, 'docker'),
    `#!/bin/sh\ncase "$*" in\n*" config "*) ${note} ;;\nversion*) echo 27.0.0 ;;\nesac\n`,
    {mode: 0o755},
  )
  return {PATH: bin}
}
