import {expect, test} from 'vitest'
import {inTerminal, screens} from '../../../helpers/screens.js'
import type {ConfigReport, SettingRow} from '../../../../src/env/config.js'
import {configSummary} from '../../../../src/views/env/config.js'

const GENERATED = '/home/you/.local/state/aquastream/dev.env'

/** Returns a valid setting with its default, with these properties changed. */
function row(name: string, changes: Partial<SettingRow> = {}): SettingRow {
  return {
    name,
    group: 'network',
    about: '',
    secret: false,
    value: '6379',
    valid: true,
    source: 'default',
    overridden: [],
    ...changes,
  }
}

const REPORT: ConfigReport = {
  profile: 'dev',
  project: 'aquastream-dev',
  sources: ['the environment', '.env.dev', '.env', GENERATED],
  generated: GENERATED,
  settings: [
    row('REDIS_PASSWORD', {group: 'secrets', secret: true, value: '********', source: GENERATED}),
    row('JWT_SECRET', {
      group: 'secrets',
      secret: true,
      value: null,
      source: 'generated on first use',
    }),
    row('REDIS_PORT', {source: 'the environment', overridden: ['.env.dev', '.env']}),
    row('GATEWAY_PORT', {value: null, valid: false, source: '.env'}),
    row('BIND', {value: null, source: null}),
    row('JAVA_OPTIONS', {
      group: 'images',
      value: '-XX:MaxRAMPercentage=70 -XX:+ExitOnOutOfMemoryError -Dsun.net.inetaddr.ttl=30',
    }),
  ],
  unknown: [
    {name: 'REDIS_PROT', source: '.env', suggestion: 'REDIS_PORT'},
    {name: 'VITE_API_URL', source: '.env', suggestion: null},
    {name: 'NODE_ENV', source: '.env', suggestion: null},
    {name: 'TZ', source: '.env.dev', suggestion: null},
  ],
  problems: [],
}

test('settings have a source, and what has no effect is named', () => {
  expect(screens(() => configSummary(REPORT))).toMatchInlineSnapshot(`
    "=== 80 columns
    Profile dev, project aquastream-dev. Sources, the first takes precedence: the
    environment, .env.dev, .env, /home/you/.local/state/aquastream/dev.env.
    SETTING           VALUE                     SOURCE

    secrets
      REDIS_PASSWORD  ********                  generated
      JWT_SECRET      -                         generated on first use

    network
      REDIS_PORT      6379                      the environment
      GATEWAY_PORT    invalid, not shown        .env
      BIND            -                         not set

    images
      JAVA_OPTIONS    -XX:MaxRAMPercentage=70…  default

    REDIS_PORT in .env.dev and .env is ignored; the environment takes precedence.
    Unused variable in .env: REDIS_PROT; did you mean REDIS_PORT?
    Unused variables in .env: VITE_API_URL, NODE_ENV.
    Unused variables in .env.dev: TZ.
    === 40 columns
    Profile dev, project aquastream-dev.
    Sources, the first takes precedence: the
    environment, .env.dev, .env, /home/you/.
    local/state/aquastream/dev.env.
    SETTINGS

    secrets
      REDIS_PASSWORD
        ********
        generated
      JWT_SECRET
        -
        generated on first use

    network
      REDIS_PORT
        6379
        the environment
      GATEWAY_PORT
        invalid, not shown
        .env
      BIND
        -
        not set

    images
      JAVA_OPTIONS
        -XX:MaxRAMPercentage=70 -XX:+ExitOnOutOfMemoryError -Dsun.net.inetaddr.ttl=30
        default

    REDIS_PORT in .env.dev and .env is
    ignored; the environment takes
    precedence.
    Unused variable in .env: REDIS_PROT; did
    you mean REDIS_PORT?
    Unused variables in .env: VITE_API_URL,
    NODE_ENV.
    Unused variables in .env.dev: TZ."
  `)
})

test('a terminal that is wide enough gets whole values', () => {
  const text = inTerminal(200, () => configSummary(REPORT))
  const line = text.split('\n').find(each => each.includes('JAVA_OPTIONS'))
  expect(line).toBe(
    '  JAVA_OPTIONS    -XX:MaxRAMPercentage=70 -XX:+ExitOnOutOfMemoryError -Dsun.net.inetaddr.ttl=30  default',
  )
})

test('valid settings are shown without remarks', () => {
  const settings = [row('REDIS_PORT')]
  const clean = {...REPORT, sources: ['the environment'], generated: null, settings, unknown: []}
  expect(screens(() => configSummary(clean))).toMatchInlineSnapshot(`
    "=== 80 columns
    Profile dev, project aquastream-dev. Sources, the first takes precedence: the
    environment.
    SETTING       VALUE  SOURCE

    network
      REDIS_PORT  6379   default
    === 40 columns
    Profile dev, project aquastream-dev.
    Sources, the first takes precedence: the
    environment.
    SETTING       VALUE  SOURCE

    network
      REDIS_PORT  6379   default"
  `)
})
