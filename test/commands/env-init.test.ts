import {lstat, readdir, readFile, stat, symlink} from 'node:fs/promises'
import {join} from 'node:path'
import {stripVTControlCharacters} from 'node:util'
import {parse} from 'dotenv'
import {execa} from 'execa'
import {describe, expect, test} from 'vitest'
import type {InitReport} from '../../src/env/init.js'
import {type Run, Site} from '../helpers/cli.js'
import {SECRETS} from '../helpers/stack.js'
import {inShell, problemsOf, siteWithoutDocker} from './site.js'

const ASKED = [
  'TELEGRAM_BOT_TOKEN',
  'TELEGRAM_BOT_USERNAME',
  'YOOKASSA_SHOP_ID',
  'YOOKASSA_SECRET_KEY',
  'CLOUDPAYMENTS_PUBLIC_ID',
  'CLOUDPAYMENTS_API_SECRET',
] as const

const GIVEN = Object.fromEntries(ASKED.map(name => [name, SECRETS[name]]))

const read = async (site: Site, name = '.env.stage') => readFile(join(site.directory, name), 'utf8')
const reportOf = ({stdout}: Run) => JSON.parse(stdout) as InitReport

test('stage gets generated secrets and a list of missing settings', async () => {
  await using site = await siteWithoutDocker()
  const {exitCode, stdout, stderr} = await site.run('env:init --profile stage')
  expect({exitCode, stderr}).toEqual({exitCode: 0, stderr: ''})
  expect(stdout.split('\n')).toEqual([
    '.env.stage was written; it is readable only by you (mode 0600).',
    'Generated secrets: POSTGRES_PASSWORD, REDIS_PASSWORD, S3_SECRET_KEY, JWT_SECRET, OFFSITE_PASSWORD.',
    'Keep a copy of this file on another machine: without it, nobody can read the off-site repository.',
    `Missing settings: ${ASKED.join(', ')}. stage will not start without them.`,
    '',
    '  "${EDITOR:-vi}" .env.stage',
    '  aquastream env:config --profile stage',
    '  aquastream env:up --profile stage',
  ])
  const values = parse(await read(site))
  expect(values).toMatchObject({AQUASTREAM_PROFILE: 'stage', TELEGRAM_BOT_TOKEN: ''})
  for (const name of [
    'POSTGRES_PASSWORD',
    'REDIS_PASSWORD',
    'S3_SECRET_KEY',
    'JWT_SECRET',
    'OFFSITE_PASSWORD',
  ])
    expect(values[name]).toMatch(/^[0-9a-f]{48}$/)
})

test('with all required values, no setting is missing', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:init --profile stage --set GATEWAY_PORT=18080 --json', {env: GIVEN})
  expect(reportOf(run)).toMatchObject({missing: [], ignored: null})
  const {exitCode, stdout} = await site.run('env:config --profile stage')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^ {2}GATEWAY_PORT +18080 +\.env\.stage$/m)
  for (const [name, value] of Object.entries(GIVEN)) expect(parse(await read(site))[name]).toBe(value)
})

test.each(['000', '077', '777'])('the file is private under umask %s', async umask => {
  await using site = await siteWithoutDocker()
  await inShell(site, `umask ${umask}; aquastream env:init --profile prod`)
  expect((await stat(join(site.directory, '.env.prod'))).mode & 0o077).toBe(0)
})

test('an existing settings file is never changed', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.stage', 'REDIS_PORT=7000\n')
  const run = await site.run('env:init --profile stage')
  expect(run).toEqual({
    exitCode: 9,
    stdout: '',
    stderr:
      'error: .env.stage already exists and is never overwritten\n' +
      'hint: show its settings: aquastream env:config --profile stage; to create a new file, rename the old one first',
  })
  expect(await read(site)).toBe('REDIS_PORT=7000\n')
})

test.each(['elsewhere.env', '.'])('a symbolic link to %s is never followed', async target => {
  await using site = await siteWithoutDocker()
  await symlink(target, join(site.directory, '.env.stage'))
  expect((await site.run('env:init --profile stage')).exitCode).toBe(9)
  expect(await readdir(site.directory)).toEqual(['.env.stage'])
  expect((await lstat(join(site.directory, '.env.stage'))).isSymbolicLink()).toBe(true)
})

test('secrets and unknown settings are rejected as arguments', async () => {
  await using site = await siteWithoutDocker()
  const words =
    'POSTGRES_PASSWORD=hunter2 YOOKASSA_SECRET_KEY=hunter2 REDIS_PROT=7000 hunter2 AQUASTREAM_PROFILE=dev'
  const run = await site.run(`env:init --profile stage --json --set ${words}`)
  expect(run.exitCode).toBe(9)
  expect(problemsOf(run)).toEqual([
    'POSTGRES_PASSWORD is a secret and cannot be set by --set: every user of this machine can read command-line arguments',
    'YOOKASSA_SECRET_KEY is a secret and cannot be set by --set: every user of this machine can read command-line arguments',
    'unknown setting "REDIS_PROT"',
    '--set requires NAME=VALUE',
    'the profile cannot be set by --set',
  ])
  expect(run.stdout).toContain('did you mean REDIS_PORT?')
  expect(run.stdout + run.stderr).not.toContain('hunter2')
  expect(await readdir(site.directory)).toEqual([])
})

test.each(['stage', 'prod'])('the file of %s contains no settings of the mocks', async profile => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`env:init --profile ${profile} --set MOCKS_PORT=18090`)
  expect(run).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: MOCKS_PORT is used only in dev\nhint: remove it: ${profile} has no mocks`,
  })
  await site.run(`env:init --profile ${profile}`)
  expect(await read(site, `.env.${profile}`)).not.toContain('MOCKS_')
  await site.run('env:init --profile dev --set MOCKS_PORT=18090')
  expect(parse(await read(site, '.env.dev'))).toMatchObject({MOCKS_PORT: '18090'})
})

test('values that env:up would reject are rejected', async () => {
  await using site = await siteWithoutDocker({TELEGRAM_BOT_TOKEN: 'change-me', YOOKASSA_SECRET_KEY: `a'b$c`})
  const run = await site.run('env:init --profile prod --set REDIS_PORT=x --json')
  expect(problemsOf(run)).toEqual([
    'TELEGRAM_BOT_TOKEN is a placeholder, not a secret',
    `YOOKASSA_SECRET_KEY in the environment contains a control character, ends with \\, or combines ' with one of $ " \\ \``,
    'REDIS_PORT in --set must be a port number, 1 to 65535',
  ])
})

test('dev keeps the secrets its data was created with', async () => {
  await using site = await siteWithoutDocker()
  await site.run('env:up --profile dev')
  const before = parse(await read(site, 'state/aquastream/dev.env'))
  const {stdout} = await site.run('env:init')
  expect(stdout).not.toContain('Missing settings')
  expect(parse(await read(site, '.env.dev'))).toMatchObject(before)
})

test('--env-file changes the file and the next commands', async () => {
  await using site = await siteWithoutDocker()
  const {stdout} = await site.run('env:init --profile prod --env-file ours.env')
  expect(stdout).toContain('\n  aquastream env:up --profile prod --env-file ours.env')
  expect(await readdir(site.directory)).toEqual(['ours.env'])
})

test('a terminal prompts for values and hides secrets', async () => {
  await using site = await Site.open()
  const run = await site.runInTerminal('env:init --profile stage', 200, [
    ['TELEGRAM_BOT_TOKEN, ', 'change-me\r'],
    ['is a placeholder', '\u0015 12:canary-token \r'],
    ['TELEGRAM_BOT_USERNAME, ', "it's a bot\r"],
    ['YOOKASSA_SHOP_ID, ', '\r'],
    ['YOOKASSA_SECRET_KEY, ', '\r'],
    ['CLOUDPAYMENTS_PUBLIC_ID, ', 'pk\r'],
    ['CLOUDPAYMENTS_API_SECRET, ', '\r'],
  ])
  expect(run.exitCode).toBe(0)
  expect(run.stdout).not.toContain('canary')
  expect(run.stdout).toContain(
    'Missing settings: YOOKASSA_SHOP_ID, YOOKASSA_SECRET_KEY, CLOUDPAYMENTS_API_SECRET.',
  )
  expect(parse(await read(site))).toMatchObject({
    TELEGRAM_BOT_TOKEN: '12:canary-token',
    TELEGRAM_BOT_USERNAME: "it's a bot",
    CLOUDPAYMENTS_PUBLIC_ID: 'pk',
  })
})

describe('a dumb terminal', () => {
  const QUESTION = 'TELEGRAM_BOT_TOKEN, '

  test('gets plain questions and shows no secrets', async () => {
    await using site = await Site.open({TERM: 'dumb'})
    const run = await site.runInTerminal('env:init --profile stage', 200, [
      [QUESTION, 'change-me\r'],
      [QUESTION, ' 12:canary-token \r'],
      ['TELEGRAM_BOT_USERNAME, ', "it's a bot\r"],
      ['YOOKASSA_SHOP_ID, ', '\r'],
      ['YOOKASSA_SECRET_KEY, ', '\r'],
      ['CLOUDPAYMENTS_PUBLIC_ID, ', 'pk\r'],
      ['CLOUDPAYMENTS_API_SECRET, ', '\r'],
    ])
    expect(run.exitCode, run.stdout).toBe(0)
    expect(run.stdout).toContain('is a placeholder')
    expect(run.stdout).not.toContain('canary')
    expect(run.stdout).toBe(stripVTControlCharacters(run.stdout))
    expect(parse(await read(site, '.env.stage'))).toMatchObject({
      TELEGRAM_BOT_TOKEN: '12:canary-token',
      TELEGRAM_BOT_USERNAME: "it's a bot",
    })
  })

  test.each([
    ['a secret', [[QUESTION, '\u0003']]],
    [
      'another value',
      [
        [QUESTION, '\r'],
        ['TELEGRAM_BOT_USERNAME, ', '\u0003'],
      ],
    ],
  ] as [string, [string, string][]][])('leaves no file after Ctrl-C at %s', async (_, answers) => {
    await using site = await Site.open({TERM: 'dumb'})
    const run = await site.runInTerminal('env:init --profile stage', 200, answers)
    expect(run.exitCode, run.stdout).toBe(130)
    expect(await readdir(site.directory)).toEqual([])
  })

  test.each([
    ['y\r', '/.env.dev\n'],
    ['n\r', ''],
  ])('answers a question with %j', async (keys, ignored) => {
    await using site = await gitSite({TERM: 'dumb'})
    await site.write('.gitignore', '')
    await site.runInTerminal('env:init', 80, [['Git does not ignore .env.dev', keys]])
    expect(await read(site, '.gitignore')).toBe(ignored)
  })
})

test('Ctrl-C at a question leaves no file', async () => {
  await using site = await Site.open()
  const run = await site.runInTerminal('env:init --profile stage', 200, [
    ['TELEGRAM_BOT_TOKEN, ', '12:canary-token\r'],
    ['TELEGRAM_BOT_USERNAME, ', '\u0003'],
  ])
  expect(run.exitCode).toBe(130)
  expect(run.stdout).toContain('error: interrupted; nothing was changed')
  expect(await readdir(site.directory)).toEqual([])
})

test('a terminal in CI does not prompt for values', async () => {
  await using site = await Site.open({CI: 'true'})
  const {exitCode, stdout} = await site.runInTerminal('env:init --profile stage', 200)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Missing settings: TELEGRAM_BOT_TOKEN')
})

test('a file that git does not ignore is reported', async () => {
  await using site = await gitSite()
  const {stdout} = await site.run('env:init --profile stage')
  expect(stdout).toContain('Git does not ignore .env.stage. Add it to .gitignore')
  await site.write('.gitignore', 'node_modules')
  expect(reportOf(await site.run('env:init --profile prod --gitignore --json'))).toMatchObject({
    ignored: true,
  })
  expect(await read(site, '.gitignore')).toBe('node_modules\n/.env.prod\n')
})

test('a file that git already ignores leaves .gitignore unchanged', async () => {
  await using site = await gitSite()
  await site.write('.gitignore', '.env.*\n')
  const run = await site.run('env:init --profile stage --gitignore --json')
  expect(reportOf(run)).toMatchObject({ignored: true})
  expect(await read(site, '.gitignore')).toBe('.env.*\n')
})

test('a terminal offers to change .gitignore', async () => {
  await using site = await gitSite()
  const {exitCode} = await site.runInTerminal('env:init', 80, [['Git does not ignore .env.dev', 'y\r']])
  expect(exitCode).toBe(0)
  expect(await read(site, '.gitignore')).toBe('/.env.dev\n')
})

async function gitSite(env: NodeJS.ProcessEnv = {}): Promise<Site> {
  const site = await Site.open(env)
  await execa('git', ['init', '--quiet', site.directory])
  return site
}

test('printed commands quote the path of the file', async () => {
  await using site = await siteWithoutDocker()
  const words = ['env:init', '--profile', 'stage', '--env-file', "it's here.env"]
  const quoted = String.raw`'it'\''s here.env'`
  const {stdout} = await site.run(words)
  expect(stdout.split('\n').slice(-3)).toEqual([
    `  "\${EDITOR:-vi}" ${quoted}`,
    `  aquastream env:config --profile stage --env-file ${quoted}`,
    `  aquastream env:up --profile stage --env-file ${quoted}`,
  ])
  const {stderr} = await site.run(words)
  expect(stderr).toContain(`show its settings: aquastream env:config --profile stage --env-file ${quoted};`)
})
