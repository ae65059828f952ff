import {test} from 'vitest'
import {chromium} from '../helpers/browser-program.js'
import {EmbeddedSite} from '../helpers/embedded.js'
import {bookAndPay} from '../helpers/scenario.js'

test.skipIf(!chromium())('without Docker a visitor books and pays too', async () => {
  await using site = await EmbeddedSite.open()
  await site.up()
  await bookAndPay({
    gateway: `http://127.0.0.1:${site.env.GATEWAY_PORT}`,
    mocks: `http://127.0.0.1:${site.env.MOCKS_PORT}`,
  })
})
