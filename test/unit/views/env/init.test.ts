import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {initSummary} from '../../../../src/views/env/init.js'

test('missing settings are followed by the next commands', () => {
  const report = {
    profile: 'stage',
    file: '.env.stage',
    generated: ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET'],
    missing: ['TELEGRAM_BOT_TOKEN', 'YOOKASSA_SHOP_ID'],
    ignored: false,
  } as const
  const mutable = {...report, generated: [...report.generated], missing: [...report.missing]}
  expect(screens(() => initSummary(mutable, '--profile stage'))).toMatchInlineSnapshot(`
    "=== 80 columns
    .env.stage was written; it is readable only by you (mode 0600).
    Generated secrets: POSTGRES_PASSWORD, REDIS_PASSWORD, JWT_SECRET.
    Missing settings: TELEGRAM_BOT_TOKEN, YOOKASSA_SHOP_ID. stage will not start
    without them.
    Git does not ignore .env.stage. Add it to .gitignore, so that its secrets are
    not committed.

      "\${EDITOR:-vi}" .env.stage
      aquastream env:config --profile stage
      aquastream env:up --profile stage
    === 40 columns
    .env.stage was written; it is readable
    only by you (mode 0600).
    Generated secrets: POSTGRES_PASSWORD,
    REDIS_PASSWORD, JWT_SECRET.
    Missing settings: TELEGRAM_BOT_TOKEN,
    YOOKASSA_SHOP_ID. stage will not start
    without them.
    Git does not ignore .env.stage. Add it
    to .gitignore, so that its secrets are
    not committed.

      "\${EDITOR:-vi}" .env.stage
      aquastream env:config --profile stage
      aquastream env:up --profile stage"
  `)
})

test('for a complete file, no editor is suggested', () => {
  const report = {profile: 'dev' as const, file: 'my.env', generated: [], missing: [], ignored: null}
  expect(screens(() => initSummary(report, '--profile dev --env-file my.env'))).toMatchInlineSnapshot(`
    "=== 80 columns
    my.env was written; it is readable only by you (mode 0600).

      aquastream env:config --profile dev --env-file my.env
      aquastream env:up --profile dev --env-file my.env
    === 40 columns
    my.env was written; it is readable only
    by you (mode 0600).

      aquastream env:config --profile dev --env-file my.env
      aquastream env:up --profile dev --env-file my.env"
  `)
})
