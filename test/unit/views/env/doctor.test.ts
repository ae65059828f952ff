import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {doctorSummary} from '../../../../src/views/env/doctor.js'

test('each check has a verdict, and a hint below it', () => {
  const checks = [
    {check: 'engine', verdict: 'ok' as const, message: 'Docker Engine 28.5', hint: null},
    {
      check: 'secrets',
      verdict: 'warning' as const,
      message: 'others may read .env.stage, which holds secrets',
      hint: 'chmod 600 .env.stage',
    },
    {
      check: 'ports',
      verdict: 'failed' as const,
      message: 'port 5432 on 127.0.0.1 is taken by postgres (pid 812)',
      hint: 'stop it, or set POSTGRES_PORT to a free port',
    },
    {check: 'registry', verdict: 'skipped' as const, message: 'no image is missing', hint: null},
  ]
  expect(screens(() => doctorSummary({profile: 'stage', checks}))).toMatchInlineSnapshot(`
    "=== 80 columns
    ok       engine: Docker Engine 28.5
    warning  secrets: others may read .env.stage, which holds secrets
             hint: chmod 600 .env.stage
    failed   ports: port 5432 on 127.0.0.1 is taken by postgres (pid 812)
             hint: stop it, or set POSTGRES_PORT to a free port
    skipped  registry: no image is missing
    === 40 columns
    ok       engine: Docker Engine 28.5
    warning  secrets: others may read
             .env.stage, which holds secrets
             hint: chmod 600 .env.stage
    failed   ports: port 5432 on 127.0.0.1
             is taken by postgres (pid 812)
             hint: stop it, or set
             POSTGRES_PORT to a free port
    skipped  registry: no image is missing"
  `)
})
