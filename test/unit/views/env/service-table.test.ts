import {expect, test} from 'vitest'
import {inTerminal, screens} from '../../../helpers/screens.js'
import {serviceRow} from '../../../helpers/service-rows.js'
import {startTable} from '../../../../src/views/env/service-table.js'
import {statusTable} from '../../../../src/views/env/status.js'

const ROWS = [
  serviceRow('postgres', {
    url: '127.0.0.1:5432',
    image: 'postgres:16-alpine',
    memory: {used: 50_331_648, limit: 536_870_912},
  }),
  serviceRow('redis', {
    state: 'skipped',
    health: 'none',
    since: null,
    image: null,
    url: null,
    note: 'there is no redis-server on PATH.',
  }),
  serviceRow('gateway', {stub: true, health: 'none'}),
  serviceRow('user', {health: 'starting', restarts: 1}),
  serviceRow('event', {health: 'unhealthy', memory: {used: 10_485_760, limit: null}}),
  serviceRow('crew', {state: 'exited', health: 'none', url: null}),
  serviceRow('media', {state: 'missing', health: 'none', since: null, image: null, url: null}),
]

test('a start shows the state, the address and the image of each service', () => {
  expect(screens(() => startTable(ROWS))).toMatchInlineSnapshot(`
    "=== 80 columns
    SERVICE   STATE    HEALTH     URL                    RUNS
    postgres  running  healthy    127.0.0.1:5432         postgres
    redis     skipped  skipped    -                      -
    gateway   running  running    http://127.0.0.1:8101  stub
    user      running  starting   http://127.0.0.1:8101  backend-user
    event     running  unhealthy  http://127.0.0.1:8101  backend-event
    crew      exited   exited     -                      backend-crew
    media     missing  missing    -                      -
      redis is skipped: there is no redis-server on PATH.
    === 40 columns
    SERVICE   URL
    postgres  127.0.0.1:5432
    redis     -
    gateway   http://127.0.0.1:8101
    user      http://127.0.0.1:8101
    event     http://127.0.0.1:8101
    crew      -
    media     -
      redis is skipped: there is no
      redis-server on PATH."
  `)
})

const STATUS = {
  project: 'aquastream-dev',
  profile: 'dev',
  engine: 'compose',
  dockerProblem: null,
  healthy: false,
  services: ROWS,
} as const

test('the status leaves out columns that do not fit', () => {
  expect(screens(() => statusTable({...STATUS, services: ROWS}))).toMatchInlineSnapshot(`
    "=== 80 columns
    Project aquastream-dev, engine compose
    SERVICE   STATE    HEALTH     SINCE  URL
    postgres  running  healthy    3h     127.0.0.1:5432
    redis     skipped  skipped    -      -
    gateway   running  running    3h     http://127.0.0.1:8101
    user      running  starting   3h     http://127.0.0.1:8101
    event     running  unhealthy  3h     http://127.0.0.1:8101
    crew      exited   exited     3h     -
    media     missing  missing    -      -
      redis is skipped: there is no redis-server on PATH.
    === 40 columns
    Project aquastream-dev, engine compose
    SERVICE   HEALTH
    postgres  healthy
    redis     skipped
    gateway   running
    user      starting
    event     unhealthy
    crew      exited
    media     missing
      redis is skipped: there is no
      redis-server on PATH."
  `)
})

test('a wide terminal shows everything that is known', () => {
  expect(inTerminal(200, () => statusTable({...STATUS, services: ROWS}))).toMatchInlineSnapshot(`
    "Project aquastream-dev, engine compose
    SERVICE   STATE    HEALTH     SINCE  RESTARTS  MEMORY             URL                    IMAGE
    postgres  running  healthy    3h     0         48 MiB of 512 MiB  127.0.0.1:5432         postgres:16-alpine
    redis     skipped  skipped    -      0         -                  -                      -
    gateway   running  running    3h     0         -                  http://127.0.0.1:8101  registry.example/aquastream/backend-gateway:1.4.2
    user      running  starting   3h     1         -                  http://127.0.0.1:8101  registry.example/aquastream/backend-user:1.4.2
    event     running  unhealthy  3h     0         10 MiB             http://127.0.0.1:8101  registry.example/aquastream/backend-event:1.4.2
    crew      exited   exited     3h     0         -                  -                      registry.example/aquastream/backend-crew:1.4.2
    media     missing  missing    -      0         -                  -                      -
      redis is skipped: there is no redis-server on PATH."
  `)
})
