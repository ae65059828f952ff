import {readFile} from 'node:fs/promises'
import {stripVTControlCharacters} from 'node:util'
import {describe, expect, test} from 'vitest'
import {errorOf, Site} from '../helpers/cli.js'
import {siteWithoutDocker} from './site.js'

/** Invalid arguments, and the message for each. */
const WRONG: [words: string, message: string][] = [
  ['env:up --nope', 'Nonexistent flag: --nope'],
  ['env:up dev', 'Unexpected argument: dev'],
  ['env:up --profile produ', 'Expected --profile=produ to be one of: dev, stage, prod'],
  ['env:up --timeout', 'Flag --timeout expects a value'],
  ['env:up --service', 'Flag --service expects a value'],
  ['env:status --profile dev --profile prod', 'Flag --profile can only be specified once'],
  ['env:stop', 'Missing argument: SERVICE'],
]

test.each(WRONG)('%s is rejected with one sentence', async (words, message) => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`${words} --json`)
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({code: 'usage', exitCode: 2, message})
  expect(run.stderr).toBe('')
})

test.each([
  ['env:up --timeout soon', '--timeout: expected an integer but received: soon'],
  ['env:up --timeout 0', '--timeout: expected an integer greater than or equal to 1 but received: 0'],
  ['logs --tail -1', '--tail: expected an integer greater than or equal to 0 but received: -1'],
])('the number in %s is rejected with the reason', async (words, reason) => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`${words} --json`)
  expect(run.exitCode).toBe(2)
  expect(errorOf(run).message).toBe(reason)
})

test('an address for other servers needs Swarm', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --profile prod --advertise-addr 10.0.0.1 --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({
    code: 'usage',
    message: '--advertise-addr has no effect on the compose engine',
  })
})

test('commands printed by npx begin with npx', async () => {
  await using site = await siteWithoutDocker({npm_command: 'exec'})
  const wrong = await site.run('env:upp')
  expect(wrong.stderr).toContain('hint: did you mean npx aquastream env:up? npx aquastream --help lists')
  expect((await site.run('db:list')).stderr).toContain('hint: take one: npx aquastream db:backup')
  expect((await site.run('env:init --profile stage')).stdout).toContain(
    '\n  npx aquastream env:up --profile stage',
  )
})

test('an unknown flag is reported on stderr with a hint', async () => {
  await using site = await siteWithoutDocker()
  expect(await site.run('env:up --nope')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'error: Nonexistent flag: --nope\nhint: see aquastream env:up --help',
  })
})

test.each([
  ['env:up --profil dev', '--profile'],
  ['db:backup --ofsite', '--offsite'],
])('an unknown flag in %s gets the most similar flag', async (words, flag) => {
  await using site = await siteWithoutDocker()
  const [command] = words.split(' ')
  expect(errorOf(await site.run(`${words} --json`)).hint).toBe(
    `did you mean ${flag}? see aquastream ${command} --help`,
  )
})

test.each(['--profile produ', '--timeout soon', '--timeout'])(
  'the error for %s refers to the help of the command',
  async words => {
    await using site = await siteWithoutDocker()
    const run = await site.run(`env:up ${words} --json`)
    expect(errorOf(run).hint).toBe('see aquastream env:up --help')
  },
)

test('the error for an invalid number contains no tab', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --timeout soon --json')
  expect(errorOf(run).message).not.toContain('\t')
})

test('an unknown profile in the environment names its variable', async () => {
  await using site = await siteWithoutDocker({AQUASTREAM_PROFILE: 'produ'})
  const run = await site.run('env:status --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toEqual({
    code: 'usage',
    exitCode: 2,
    message: 'AQUASTREAM_PROFILE is "produ", which is not a profile',
    hint: 'set it to one of dev, stage, prod, or unset it',
  })
})

test('--profile takes precedence over the profile in the environment', async () => {
  await using site = await siteWithoutDocker({AQUASTREAM_PROFILE: 'prod'})
  const [prod, dev] = await Promise.all([site.run('env:up --json'), site.run('env:up --json --profile dev')])
  expect([prod.exitCode, dev.exitCode], 'the settings of prod are missing').toEqual([2, 3])
})

test('an empty profile in the environment counts as unset', async () => {
  await using site = await siteWithoutDocker({AQUASTREAM_PROFILE: ''})
  expect((await site.run('env:status')).exitCode).toBe(4)
})

test('a secret typed after an unknown flag is not repeated', async () => {
  await using site = await siteWithoutDocker()
  for (const json of ['', '--json']) {
    const {stdout, stderr} = await site.run(`env:up --password hunter2 ${json}`)
    expect(stdout + stderr).not.toContain('hunter2')
  }
})

test('a secret typed with an unknown flag is not repeated', async () => {
  await using site = await siteWithoutDocker()
  const {stdout, stderr} = await site.run('env:up --password=hunter2')
  expect(stdout + stderr).not.toContain('hunter2')
})

describe('a word that may contain a secret', () => {
  const HIDDEN = '(not shown, because it may contain a secret)'
  const URL = 'postgresql://u:hunter22@h/db'

  test.each([
    [['db:restore', '--schema', 'user', URL], `Unexpected argument: ${HIDDEN}`],
    [['db:backup', 'usr', 'POSTGRES_PASSWORD=hunter22'], `Unexpected arguments: usr, ${HIDDEN}`],
    [['db:backup', '--', '--password=hunter22'], `Unexpected argument: ${HIDDEN}`],
    [['db:backup', '--pasword=my hunter22, words'], 'Nonexistent flag: --pasword'],
    [['db:backup', '--pasword hunter22', '-phunter22'], 'Nonexistent flags: --pasword, -p'],
    [['env:up', `--profile=${URL}`], `Expected --profile=${HIDDEN} to be one of: dev, stage, prod`],
    [['env:up', '--profile=produ'], 'Expected --profile=produ to be one of: dev, stage, prod'],
    [['env:up', '--timeout', 'a=hunter22'], `--timeout: expected an integer but received: ${HIDDEN}`],
    [
      ['db:backup', '--all-schemas', '--schema', URL],
      `--schema=${HIDDEN} cannot also be provided when using --all-schemas`,
    ],
    [[URL], `unknown command ${HIDDEN}`],
    [['env', URL], `unknown command ${HIDDEN}`],
    [['help', URL], `unknown command ${HIDDEN}`],
    [['logs', '--profile', 'dev', URL], `service ${HIDDEN} does not exist in dev`],
    [['logs', '--since', URL], `--since ${HIDDEN} is not a valid time`],
    [['env:init', '--set', `${URL}?sslmode=off`], `unknown setting ${HIDDEN}`],
  ])('is not repeated by %j', async (words, message) => {
    await using site = await siteWithoutDocker()
    const {stdout, stderr} = await site.run(words)
    expect(stderr).toContain(`error: ${message}\n`)
    expect(stdout + stderr).not.toContain('hunter22')
  })

  test('is not repeated as the name of a backup', async () => {
    await using site = await siteWithoutDocker()
    const {stderr} = await site.run(['db:verify', '--profile', 'dev', 'POSTGRES_PASSWORD=hunter22'])
    expect(stderr).toContain(`error: backup ${HIDDEN} was not found in `)
  })
})

test.each(['garbage', '10x'])('logs --since %s is rejected instead of being empty', async since => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`logs --since ${since}`)
  expect(run).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: --since "${since}" is not a valid time\nhint: use a duration such as 10m or 2h, or a time such as 2026-11-23T02:00:00Z`,
  })
})

test('a word after -- is never parsed as a flag', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('logs -- --json')
  expect(run).toMatchObject({exitCode: 10, stdout: ''})
  expect(run.stderr).toContain('error: service "--json" does not exist in dev\n')
})

describe('a command that does not exist', () => {
  test.each([
    ['evn:up', 'evn:up', 'env:up'],
    ['env:upp --profile dev', 'env:upp', 'env:up'],
    ['env upp', 'env:upp', 'env:up'],
    ['up', 'up', 'env:up'],
    ['db:up', 'db:up', 'env:up'],
    ['restor', 'restor', 'db:restore'],
    ['db:bakcup', 'db:bakcup', 'db:backup'],
    ['bakcup', 'bakcup', 'db:backup'],
    ['ofsite:rotate', 'ofsite:rotate', 'offsite:rotate'],
    ['hlep', 'hlep', 'help'],
  ])('%s gets the most similar command as a hint', async (words, name, nearest) => {
    await using site = await siteWithoutDocker()
    const run = await site.run(`${words} --json`)
    expect(run).toMatchObject({exitCode: 2, stderr: ''})
    expect(errorOf(run)).toEqual({
      code: 'usage',
      exitCode: 2,
      message: `unknown command ${name}`,
      hint: `did you mean aquastream ${nearest}? aquastream --help lists all commands`,
    })
  })

  test('a name similar to no command gets no suggestion', async () => {
    await using site = await siteWithoutDocker()
    for (const words of ['migrate', 'create', 'show', 'kill'])
      expect(errorOf(await site.run(`${words} --json`)).hint).toBe('aquastream --help lists all commands')
    expect(errorOf(await site.run('env:up --service kafka --json')).hint).toMatch(/^use one of postgres, /)
  })

  test.each([
    ['evn:up', 'evn:up'],
    ['help evn:up', 'evn:up'],
    ['help evn up', 'evn:up'],
    ['help env upp', 'env:upp'],
  ])('is reported by %s in two lines', async (words, name) => {
    await using site = await siteWithoutDocker()
    expect(await site.run(words)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: unknown command ${name}\nhint: did you mean aquastream env:up? aquastream --help lists all commands`,
    })
  })

  test('does not prompt with --json in a terminal', async () => {
    await using site = await Site.open()
    const run = await site.runInTerminal('evn:up --json 2>/dev/null', 80)
    expect(errorOf(run).code).toBe('usage')
  })

  test('gets the same two lines in a terminal', async () => {
    await using site = await siteWithoutDocker({PATH: process.env.PATH})
    const {exitCode, stdout} = await site.runInTerminal('evn:up', 80)
    expect(exitCode).toBe(2)
    expect(stripVTControlCharacters(stdout).trim().split('\r\n')).toEqual([
      'error: unknown command evn:up',
      'hint: did you mean aquastream env:up? aquastream --help lists all commands',
    ])
  })

  test('does not include --json before the command', async () => {
    await using site = await siteWithoutDocker()
    expect(errorOf(await site.run('--json env:up --nope')).message).toBe('Nonexistent flag: --nope')
  })
})

describe('an unknown service', () => {
  const error = {
    code: 'no-such-service',
    exitCode: 10,
    message: 'service "usr" does not exist in dev',
    hint: 'did you mean user? Valid names: postgres, redis, minio, gateway, user, event, crew, payment, notification, media, mocks',
  }

  test.each(['env:up --service usr', 'env:up --service redis --service usr', 'logs user usr'])(
    'in %s gets the most similar service as a hint',
    async words => {
      await using site = await siteWithoutDocker()
      const run = await site.run(`${words} --json`)
      expect(run.exitCode).toBe(10)
      expect(JSON.parse(run.stdout)).toEqual({error})
      expect(run.stderr).toBe('')
    },
  )

  test('is reported on stderr in two lines', async () => {
    await using site = await siteWithoutDocker()
    const {exitCode, stdout, stderr} = await site.run('logs usr')
    expect({exitCode, stdout}).toEqual({exitCode: 10, stdout: ''})
    expect(stderr).toBe(`error: ${error.message}\nhint: ${error.hint}`)
  })
})

test.each([
  ['--profile dev --stub usr', 10, 'service "usr" does not exist in dev', 'did you mean user\\? '],
  [
    '--profile dev --real postgres',
    2,
    'postgres is not a backend and has no stub',
    'backends are gateway, user, ',
  ],
  [
    '--profile dev --stub user,crew --real crew',
    2,
    'crew is given in both --stub and --real',
    'name crew in ',
  ],
  ['--profile stage --stub user', 9, 'stubs are not available in stage', 'remove --stub, or start dev: '],
])('env:up %s is rejected with the reason', async (words, exitCode, message, hint) => {
  await using site = await siteWithoutDocker()
  const run = await site.run(`env:up ${words} --json`)
  expect(run.exitCode).toBe(exitCode)
  expect(errorOf(run)).toMatchObject({message, hint: expect.stringMatching(`^${hint}`)})
})

describe('help', () => {
  test('env up and env:up are the same command', async () => {
    await using site = await siteWithoutDocker()
    const [spaced, joined] = await Promise.all(
      ['env up', 'env:up'].map(words => site.run(`${words} --engine compose --json`)),
    )
    expect(spaced).toEqual(joined)
    expect(joined?.exitCode).toBe(3)
  })

  test('without a command, all commands are listed', async () => {
    await using site = await siteWithoutDocker()
    const [bare, help] = await Promise.all([site.run(''), site.run('--help')])
    expect(bare).toMatchObject({exitCode: 0, stderr: ''})
    expect(bare.stdout).toContain('USAGE\n  $ aquastream [COMMAND]')
    expect(bare.stdout).toMatch(/^ {2}logs {2}/m)
    expect(help).toEqual(bare)
  })

  test('--version prints the version of the package', async () => {
    await using site = await siteWithoutDocker()
    const {version} = JSON.parse(await readFile('package.json', 'utf8')) as {version: string}
    const run = await site.run('--version')
    expect(run).toMatchObject({exitCode: 0, stderr: ''})
    expect(run.stdout).toContain(`aquastream/${version} `)
  })

  test.each(['env:up', 'env:down', 'env:status', 'logs'])(
    '%s --help has examples and every exit status',
    async id => {
      await using site = await siteWithoutDocker()
      const {exitCode, stdout} = await site.run(`${id} --help`)
      expect(exitCode).toBe(0)
      const [before, exitStatus = ''] = stdout.split('\nEXIT STATUS\n')
      expect(before).toMatch(new RegExp(`\nEXAMPLES\n[^]*\\$ aquastream ${id}\\b`))
      const codes = [...exitStatus.matchAll(/^ {2}(\d+) +\S/gm)].map(match => Number(match[1]))
      expect(codes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143])
    },
  )
})
