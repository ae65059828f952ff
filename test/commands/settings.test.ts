import {resolve} from 'node:path'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {SECRETS} from '../helpers/stack.js'
import {NO_DOCKER, problemsOf, siteWithoutDocker} from './site.js'

const EXAMPLE = resolve(import.meta.dirname, '../../.env.example')

test('stage without settings names everything that is missing', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --profile stage')
  expect(run).toMatchObject({exitCode: 2, stdout: ''})
  expect(run.stderr.split('\n')).toEqual([
    'check: engine, settings, ports, disk',
    'error: 2 problems found',
    '  - POSTGRES_PASSWORD, REDIS_PASSWORD, S3_SECRET_KEY, JWT_SECRET, TELEGRAM_BOT_TOKEN, TELEGRAM_BOT_USERNAME, YOOKASSA_SHOP_ID, YOOKASSA_SECRET_KEY, CLOUDPAYMENTS_PUBLIC_ID, CLOUDPAYMENTS_API_SECRET are not set',
    '    hint: create .env.stage: aquastream env:init --profile stage',
    `  - ${NO_DOCKER.message}`,
    `    hint: ${NO_DOCKER.hint}`,
    'hint: fix them in any order, then run the command again',
  ])
})

test('with --json, every problem has a code and a hint', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:up --profile prod --json', {env: {...SECRETS, JWT_SECRET: ''}})
  expect(run.exitCode).toBe(2)
  expect(JSON.parse(run.stdout)).toEqual({
    error: {
      code: 'settings-missing',
      exitCode: 2,
      message: '2 problems found',
      hint: 'fix them in any order, then run the command again',
      problems: [
        {
          code: 'settings-missing',
          message: 'JWT_SECRET is not set',
          hint: 'create .env.prod: aquastream env:init --profile prod',
        },
        {code: NO_DOCKER.code, message: NO_DOCKER.message, hint: NO_DOCKER.hint},
      ],
    },
  })
})

test('missing settings are expected in the given --env-file', async () => {
  await using site = await siteWithoutDocker()
  await site.write('mine.env', 'REDIS_PORT=7000\n')
  const {stderr} = await site.run('env:up --profile stage --env-file mine.env')
  expect(stderr).toContain(`    hint: set them in mine.env; ${EXAMPLE} describes each variable\n`)
})

test('stage with valid settings lacks only Docker', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  const run = await site.run('env:up --profile stage --json')
  expect(run.exitCode).toBe(3)
  expect(JSON.parse(run.stdout)).toEqual({error: NO_DOCKER})
})

test('every placeholder is rejected with its name', async () => {
  await using site = await siteWithoutDocker({
    ...SECRETS,
    POSTGRES_PASSWORD: 'change-me',
    JWT_SECRET: 'change-me',
    YOOKASSA_SECRET_KEY: 'change-me',
  })
  const run = await site.run('env:up --profile stage --json')
  expect(run.exitCode).toBe(9)
  expect(errorOf(run).code).toBe('placeholder-secret')
  expect(problemsOf(run)).toEqual([
    'POSTGRES_PASSWORD is a placeholder, not a secret',
    'JWT_SECRET is a placeholder, not a secret',
    'YOOKASSA_SECRET_KEY is a placeholder, not a secret',
  ])
})

test('short secrets are rejected without being shown', async () => {
  await using site = await siteWithoutDocker({...SECRETS, REDIS_PASSWORD: 'k7#Qz', JWT_SECRET: 'w9-Lm2-Xp4'})
  const run = await site.run('env:up --profile prod --json')
  expect(problemsOf(run)).toEqual([
    'REDIS_PASSWORD in the environment must have at least 8 characters',
    'JWT_SECRET is too short: it has 10 characters, and at least 32 are required',
  ])
  for (const value of ['k7#Qz', 'w9-Lm2-Xp4', ...Object.values(SECRETS)])
    expect(run.stdout + run.stderr).not.toContain(value)
})

test.each(['stage', 'prod'])('%s rejects unencrypted URLs and those of the mocks', async profile => {
  await using site = await siteWithoutDocker({...SECRETS, TELEGRAM_API_URL: 'http://telegram.example.com'})
  await site.write(
    `.env.${profile}`,
    'YOOKASSA_API_URL=http://mocks:8090/v3\nCLOUDPAYMENTS_API_URL=https://MOCKS/cloudpayments\n',
  )
  const mocked = 'points to the mocks, which exist only in dev'
  const leaks = `must start with https:// in ${profile}, so that its secret is not sent in clear text`
  const expected = [
    ['TELEGRAM_API_URL', `in the environment ${leaks}`, 'https://api.telegram.org'],
    ['YOOKASSA_API_URL', `in .env.${profile} ${mocked}`, 'https://api.yookassa.ru/v3'],
    ['CLOUDPAYMENTS_API_URL', `in .env.${profile} ${mocked}`, 'https://api.cloudpayments.ru'],
  ]
  for (const command of ['env:up', 'env:config']) {
    const {exitCode, stderr} = await site.run(`${command} --profile ${profile}`)
    expect(exitCode).toBe(2)
    for (const [name, words, real] of expected) {
      expect(stderr).toContain(`${name} ${words}\n`)
      expect(`${stderr}\n`).toContain(`hint: remove ${name}, or set ${name}=${real}\n`)
    }
  }
})

test('stage accepts other https URLs, and dev any URL', async () => {
  const https = {TELEGRAM_API_URL: 'HTTPS://telegram.example.com', YOOKASSA_API_URL: 'https://proxy:8090/v3'}
  await using site = await siteWithoutDocker({...SECRETS, ...https})
  expect(problemsOf(await site.run('env:up --profile stage --json'))).toEqual([])
  const env = {...https, YOOKASSA_API_URL: 'http://mocks:8090/v3', TELEGRAM_API_URL: 'http://127.0.0.1:1'}
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json', {env}))).toEqual([])
})

test('dev accepts a password that stage rejects', async () => {
  await using site = await siteWithoutDocker({POSTGRES_PASSWORD: 'postgres'})
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
  expect(problemsOf(await site.run('env:up --profile stage --json'))).toContain(
    'POSTGRES_PASSWORD is a placeholder, not a secret',
  )
})

test('settings with invalid values are named but not shown', async () => {
  await using site = await siteWithoutDocker({
    REDIS_PORT: 'hunter2',
    BACKEND_MEMORY: 'hunter2',
    S3_BUCKET: 'hunter2 ',
  })
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(run.exitCode).toBe(2)
  expect(problemsOf(run)).toEqual([
    'S3_BUCKET in the environment must be a bucket name: 3 to 63 characters of a-z, 0-9, - and .',
    'REDIS_PORT in the environment must be a port number, 1 to 65535',
    'BACKEND_MEMORY in the environment must be a size such as 512m or 2g',
  ])
  expect((run.stdout + run.stderr).toLowerCase()).not.toContain('hunter2')
})

test.each(['env:up', 'env:status', 'env:down', 'logs'])('%s rejects an invalid project name', async words => {
  await using site = await siteWithoutDocker({AQUASTREAM_PROJECT: 'Two Words'})
  expect(errorOf(await site.run(`${words} --json`))).toMatchObject({
    code: 'settings-invalid',
    message: 'AQUASTREAM_PROJECT must be at most 60 lower-case letters, digits, _ and -',
  })
})

test('values that only resemble a port are rejected', async () => {
  const ports = {
    USER_PORT: '0',
    EVENT_PORT: '65536',
    CREW_PORT: '-1',
    PAYMENT_PORT: '8e3',
    NOTIFICATION_PORT: '08105',
    MEDIA_PORT: '0x50',
  }
  await using site = await siteWithoutDocker(ports)
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual(
    Object.keys(ports).map(name => `${name} in the environment must be a port number, 1 to 65535`),
  )
})

test('two services with the same port are both named', async () => {
  await using site = await siteWithoutDocker({REDIS_PORT: '5432'})
  const {stderr} = await site.run('env:up --engine compose --profile dev')
  expect(stderr).toContain(
    '  - POSTGRES_PORT and REDIS_PORT are set to the same port 5432\n    hint: set a different port for each service\n',
  )
})
