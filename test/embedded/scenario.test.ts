import {test} from 'vitest'
import {chromium} from '../helpers/browser-program.js'
import {EmbeddedSite} from '../helpers/embedded.js'
import {BIND, bookAndPay} from '../helpers/scenario.js'

test.skipIf(!chromium())('a visitor books and pays without Docker, too', async () => {
  await using site = await EmbeddedSite.open({BIND})
  await site.up()
  await bookAndPay({
    gateway: `http://${BIND}:${site.env.GATEWAY_PORT}`,
    mocks: `http://${BIND}:${site.env.MOCKS_PORT}`,
  })
})
