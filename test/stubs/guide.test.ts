// Runs the commands of docs/stubs.md, with the port replaced.
import {readFileSync} from 'node:fs'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {Mocks} from '../helpers/mocks.js'
import {paymentVariables} from '../helpers/stub-platform.js'
import {Stub} from '../helpers/stubs.js'

const BLOCKS = [...readFileSync('docs/stubs.md', 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, text]) => text!,
)

test('every command in the guide to stubs works as written', async () => {
  await using mocks = await Mocks.open('http://127.0.0.1:9')
  await using user = await Stub.open('user')
  await using event = await Stub.open('event')
  await using payment = await Stub.open('payment', paymentVariables(mocks.url))
  await using gateway = await Stub.open('gateway', {
    USER_SERVICE_URL: user.url,
    EVENT_SERVICE_URL: event.url,
    PAYMENT_SERVICE_URL: payment.url,
  })
  const script = ['set -e', ...BLOCKS].join('\n').replaceAll('http://localhost:8080', gateway.url)
  const {stdout} = await execa('sh', ['-c', script])
  expect(stdout).toMatch(
    /"username":"test".*"slug":"volga-sailing".*"status":"PENDING".*"confirmationUrl":"http/s,
  )
})
