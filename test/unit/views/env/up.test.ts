import {expect, test} from 'vitest'
import {hoursAgo, inTerminal, screens} from '../../../helpers/screens.js'
import {serviceRow} from '../../../helpers/service-rows.js'
import type {UpReport} from '../../../../src/env/up.js'
import {upSummary, upUpdate} from '../../../../src/views/env/up.js'

const SINCE = hoursAgo(3)

const POSTGRES = {
  service: 'postgres',
  address: '127.0.0.1:5432/aquastream',
  user: 'aquastream',
  password: 'POSTGRES_PASSWORD',
  source: '/home/you/.local/state/aquastream/dev.env',
} as const
const REDIS = {
  service: 'redis',
  address: '127.0.0.1:6379',
  user: null,
  password: 'REDIS_PASSWORD',
  source: '.env.dev',
} as const

const FLAGS = '--profile dev --env-file my.env'

const REPORT: UpReport = {
  profile: 'dev',
  project: 'aquastream-dev',
  engine: 'compose',
  changed: true,
  requested: [],
  recreated: [],
  restarted: [],
  services: [
    serviceRow('postgres', {url: '127.0.0.1:5432', image: 'postgres:16-alpine'}),
    serviceRow('user', {stub: true}),
  ],
  access: [POSTGRES],
  secrets: '/home/you/.local/state/aquastream/dev.env',
}

test('the report shows addresses, logins and the next commands', () => {
  expect(screens(() => upSummary(REPORT, FLAGS))).toMatchInlineSnapshot(`
    "=== 80 columns
    SERVICE   STATE    HEALTH   URL                    RUNS
    postgres  running  healthy  127.0.0.1:5432         postgres
    user      running  healthy  http://127.0.0.1:8101  stub

    The dev stack is up.

    LOG IN TO  ADDRESS                    USER        PASSWORD
    postgres   127.0.0.1:5432/aquastream  aquastream  POSTGRES_PASSWORD

    The passwords are in /home/you/.local/state/aquastream/dev.env.

      aquastream logs --follow --profile dev --env-file my.env
      aquastream env:status --profile dev --env-file my.env
      aquastream env:down --profile dev --env-file my.env
    === 40 columns
    SERVICE   HEALTH   URL
    postgres  healthy  127.0.0.1:5432
    user      healthy  http://127.0.0.1:8101

    The dev stack is up.

    LOG IN TO  ADDRESS
    postgres   127.0.0.1:5432/aquastream

    The passwords are in /home/you/.local/st
    ate/aquastream/dev.env.

      aquastream logs --follow --profile dev --env-file my.env
      aquastream env:status --profile dev --env-file my.env
      aquastream env:down --profile dev --env-file my.env"
  `)
})

test('recreated containers are named, and settings are not shown', () => {
  const report = {...REPORT, recreated: ['redis', 'user'], access: [POSTGRES, REDIS]}
  expect(screens(() => upSummary(report, FLAGS))).toMatchInlineSnapshot(`
    "=== 80 columns
    SERVICE   STATE    HEALTH   URL                    RUNS
    postgres  running  healthy  127.0.0.1:5432         postgres
    user      running  healthy  http://127.0.0.1:8101  stub

    The dev stack is up.
    Recreated containers: redis, user.

    LOG IN TO  ADDRESS                    USER        PASSWORD
    postgres   127.0.0.1:5432/aquastream  aquastream  POSTGRES_PASSWORD
    redis      127.0.0.1:6379             -           REDIS_PASSWORD

    POSTGRES_PASSWORD is in /home/you/.local/state/aquastream/dev.env.
    REDIS_PASSWORD is in .env.dev.

      aquastream logs --follow --profile dev --env-file my.env
      aquastream env:status --profile dev --env-file my.env
      aquastream env:down --profile dev --env-file my.env
    === 40 columns
    SERVICE   HEALTH   URL
    postgres  healthy  127.0.0.1:5432
    user      healthy  http://127.0.0.1:8101

    The dev stack is up.
    Recreated containers: redis, user.

    LOG IN TO  ADDRESS
    postgres   127.0.0.1:5432/aquastream
    redis      127.0.0.1:6379

    POSTGRES_PASSWORD is in /home/you/.local
    /state/aquastream/dev.env.
    REDIS_PASSWORD is in .env.dev.

      aquastream logs --follow --profile dev --env-file my.env
      aquastream env:status --profile dev --env-file my.env
      aquastream env:down --profile dev --env-file my.env"
  `)
})

test.each([
  [
    'a stack that was up already is unchanged',
    {changed: false},
    ['The dev stack was already up; nothing was changed.'],
  ],
  [
    'on the embedded engine, services are restarted',
    {engine: 'embedded', recreated: ['user']},
    ['The dev stack is up.', 'Restarted services: user.'],
  ],
  ['passwords of the settings are in their file', {access: [REDIS]}, ['The passwords are in .env.dev.']],
  [
    'a start of one service says nothing about the stack',
    {requested: ['user']},
    ['user of the dev stack is up, with its dependencies.'],
  ],
  [
    'a start of services without dependencies names none',
    {requested: ['postgres', 'user']},
    ['postgres, user of the dev stack are up.'],
  ],
  [
    'a start of services that run says so',
    {requested: ['user', 'redis'], changed: false},
    ['user, redis of the dev stack were already up; nothing was changed.'],
  ],
  [
    'a start that did not wait says nothing about health',
    {services: [serviceRow('user', {health: 'starting'})]},
    ['The dev stack was started; not every service is healthy yet.'],
  ],
  [
    'services that were unhealthy are named',
    {restarted: ['user']},
    ['The dev stack is up.', 'Restarted because unhealthy: user.'],
  ],
] as const)('%s', (_, changes, sentences) => {
  const text = inTerminal(120, () => upSummary({...REPORT, ...(changes as Partial<UpReport>)}, FLAGS))
  expect(text.split('\n')).toEqual(expect.arrayContaining([...sentences]))
})

test('each event of a start is a task or a notice', () => {
  expect([
    upUpdate({type: 'step', step: 'check', state: 'started'}),
    upUpdate({type: 'step', step: 'images', state: 'started'}),
    upUpdate({type: 'image', image: 'redis:7-alpine', state: 'pulling', detail: '3 of 5'}),
    upUpdate({type: 'step', step: 'images', state: 'done'}),
    upUpdate({type: 'services', services: ['redis']}),
    upUpdate({
      type: 'change',
      service: 'redis',
      action: 'recreate',
      reason: 'its settings changed',
      since: null,
    }),
    upUpdate({type: 'change', service: 'user', action: 'restart', reason: 'it is unhealthy', since: SINCE}),
    upUpdate({type: 'service', service: 'redis', state: 'waiting', detail: 'queued'}),
    upUpdate({type: 'service', service: 'redis', state: 'ready', detail: 'healthy'}),
    upUpdate({type: 'notice', text: 'secrets were generated'}),
  ]).toEqual([
    {task: 'check', state: 'running', detail: 'engine, settings, ports, disk'},
    {task: 'images', state: 'running', detail: 'fetching missing images'},
    {task: 'images', state: 'running', detail: 'pulling redis:7-alpine 3 of 5'},
    {task: 'images', state: 'done', detail: 'done'},
    {tasks: ['redis']},
    {notice: 'redis will be recreated: its settings changed'},
    {notice: `user will be restarted: it is unhealthy (for 3h, since ${SINCE.slice(0, 19)}Z)`},
    {task: 'redis', state: 'running', detail: 'queued'},
    {task: 'redis', state: 'done', detail: 'healthy'},
    {notice: 'note: secrets were generated'},
  ])
})
