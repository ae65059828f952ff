import {expect, test} from 'vitest'
import {chromium} from '../helpers/browser-program.js'
import {BIND, bookAndPay} from '../helpers/scenario.js'
import {StackSite} from '../helpers/stack.js'

test.skipIf(!chromium())('a visitor books and pays, and Telegram says so', async () => {
  await using site = await StackSite.open({BACKEND_VERSION: 'not-on-this-machine', BIND})
  const run = await site.run('env:up --profile dev')
  expect(run.exitCode, run.stderr).toBe(0)
  await bookAndPay({
    gateway: `http://${BIND}:${site.setting('GATEWAY_PORT')}`,
    mocks: `http://${BIND}:${site.setting('MOCKS_PORT')}`,
  })
})
