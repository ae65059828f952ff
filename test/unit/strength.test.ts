import {expect, test} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import {weakness} from '../../src/config/strength.js'

test.each([
  ['change-me', 'changeme', 'CHANGE_ME', 'change me please', 'change-this-in-production'],
  ['postgres', 'minioadmin', 'password', 'Password123', 'secret!', 'admin2026', 'test', 'your_'],
  ['<put it here>', '1234', '123456789012345678901234', 'aaaaaaaaaaaaaaaaaaaaaaaa', 'x'],
])('%s and similar values are placeholders', (...values) => {
  for (const value of values) {
    const problem = weakness(setting('POSTGRES_PASSWORD'), value)
    expect(problem, value).toMatchObject({
      code: 'placeholder-secret',
      message: 'POSTGRES_PASSWORD is a placeholder, not a secret',
    })
  }
})

test.each([
  ['POSTGRES_PASSWORD', 15, 16],
  ['JWT_SECRET', 31, 32],
])('%s of %i characters is too short', (name, length, least) => {
  const value = 'Zq7-'.repeat(8).slice(0, length)
  expect(weakness(setting(name), value)?.message).toBe(
    `${name} is too short: it has ${length} characters, and at least ${least} are required`,
  )
  expect(weakness(setting(name), `${value}x`)).toBeUndefined()
})

test.each([
  ['a long random secret', {name: 'JWT_SECRET', value: 'f00dfacef00dfacef00dfacef00dface'}],
  ['a secret that only begins like one', {name: 'REDIS_PASSWORD', value: 'password-is-k7Qz9mWx'}],
  ['a short token of a third party', {name: 'YOOKASSA_SECRET_KEY', value: 'k7Qz9'}],
  ['a name that is no secret', {name: 'POSTGRES_USER', value: 'postgres'}],
])('%s is accepted', (_, {name, value}) => {
  expect(weakness(setting(name), value)).toBeUndefined()
})

function setting(wanted: string) {
  return SETTINGS.find(({name}) => name === wanted)!
}
