import fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {masker, type Secret} from '../../src/system/mask/mask.js'
import {findLeaks} from '../../src/support/leak-check.js'
import {ENCODERS, formsOf} from '../helpers/spellings.js'

const HEX = 'c1a94e07b2d86f35'
const secretOf = (value: string): Secret[] => [{name: 'S', value}]
const mask = (text: string, value = HEX): string => masker(secretOf(value))(text).text

/** Generates secrets of letters, digits, signs and other alphabets. None is a word that occurs in a log. */
const secret = fc
  .string({
    unit: fc.constantFrom(...Array.from('0123456789abcdefXYZ!$%&+,-./:;=?@^_~"\'\\ {}[]<>жñ😀')),
    minLength: 12,
    maxLength: 60,
  })
  .filter(text => text.trim() === text && new Set(text).size > 6 && text.replace(/[^\w]/g, '').length >= 8)
const words = fc
  .array(fc.constantFrom('GET', 'of', 'user', '200', 'ok:', '(12 ms)', 'path=/events', '{"a":1}', '—'), {
    maxLength: 6,
  })
  .map(list => list.join(' '))
const encoder = fc.constantFrom(...Object.values(ENCODERS))

test('a secret is masked in all combinations of encodings', () => {
  const everywhere = fc.property(
    secret,
    encoder,
    encoder,
    words,
    words,
    (value, inner, outer, before, after) => {
      const form = outer(inner(value))
      const shown = mask(`${before} |${form}| ${after}`, value)
      expect(shown).not.toContain(form)
      expect(findLeaks(shown, secretOf(value))).toEqual([])
      for (const {form: other} of formsOf(value)) if (other.length >= 12) expect(shown).not.toContain(other)
      expect([shown.startsWith(`${before} |`), shown.endsWith(`| ${after}`)]).toEqual([true, true])
    },
  )
  fc.assert(everywhere, {numRuns: 300})
}, 120_000)

test('a secret with differently encoded characters is masked', () => {
  const code = (char: string, digits: number): string => char.charCodeAt(0).toString(16).padStart(digits, '0')
  const spelling = fc.constantFrom<(char: string) => string>(
    char => char,
    char => `%${code(char, 2)}`,
    char => `\\u${code(char, 4).toUpperCase()}`,
    char => `\\x${code(char, 2)}`,
    char => `&#${char.charCodeAt(0)};`,
  )
  const random = fc.property(
    fc.array(spelling, {minLength: HEX.length, maxLength: HEX.length}),
    words,
    (spell, rest) => {
      const spelled = HEX.split('').map((char, index) => spell[index]!(char))
      expect(mask(`${rest} <${spelled.join('')}> ${rest}`)).toBe(`${rest} <[masked S]> ${rest}`)
      expect(findLeaks(spelled.join(''), secretOf(HEX))).toEqual(['S'])
    },
  )
  fc.assert(random, {numRuns: 300})
})

test('a secret that continues on the next line is masked', () => {
  const time = '2026-11-24T05:49:26.951631532Z'
  const log = `${time} key ${HEX.slice(0, 7)}\n${time}   ${HEX.slice(7)} end\n`
  expect(mask(log)).toBe(`${time} key [masked S] end\n`)
  expect(findLeaks(log, secretOf(HEX))).toEqual(['S'])
})

test('a secret split by a timestamp is masked', () => {
  const log = `x${HEX.slice(0, 7)}2026-11-24T05:49:26.951631532Z ${HEX.slice(7)}x`
  expect(mask(log)).toBe('x[masked S]x')
})

test('two overlapping secrets are both masked completely', () => {
  const both = masker([
    {name: 'A', value: 'abcdefgh-1234'},
    {name: 'B', value: '1234-ijklmnop'},
  ])
  expect(both('x abcdefgh-1234-ijklmnop x').text).toBe('x [masked A] x')
})

test('the credentials in a Basic header are masked', () => {
  const header = Buffer.from(`aquastream:${HEX}`).toString('base64')
  expect(mask(`Authorization: Basic ${header}\nnext`)).toBe('Authorization: [masked S]\nnext')
})

test('masked secrets are counted by setting and kind', () => {
  const {counts} = masker(secretOf(HEX))(`${HEX} and ${encodeURIComponent(HEX)}, password=hunter2`)
  expect([...counts]).toEqual([
    ['S', 2],
    ['password', 1],
  ])
})

test('a secret that occurs in its label is masked', () => {
  expect(mask('the masked word', 'masked')).toBe('the *** word')
  expect(mask('REDIS is masked REDIS', 'masked S')).not.toContain('masked S')
})

describe('a short secret', () => {
  test.each([
    ['psql: pw is wrong', 'psql: [masked S] is wrong'],
    ['password pw, "pw"', 'password [masked S], "[masked S]"'],
    ['url=%2Fpw%2F x', 'url=%2F[masked S]%2F x'],
    ['in pwd and spw it is a part', 'in pwd and spw it is a part'],
  ])('is masked in %j only as a word', (text, shown) => {
    expect(mask(text, 'pw')).toBe(shown)
  })

  test('is not found by the final search', () => {
    expect(findLeaks('in pwd and spw', secretOf('pw'))).toEqual([])
    expect(findLeaks('"pw"', secretOf('pw'))).toEqual(['S'])
  })
})

/** Texts with unknown secrets, and the masked texts. */
const SHAPES: [text: string, shown: string][] = [
  ['t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl!', 't=[masked JWT]!'],
  [
    'POST /bot1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw9/sendMessage',
    'POST /bot[masked bot token]/sendMessage',
  ],
  ['Authorization: Bearer abc.def', 'Authorization: [masked authorization]'],
  ['{"authorization":"Basic dTpwYXNz","x":1}', '{"authorization":"[masked authorization]","x":1}'],
  ['sent Basic dXNlcjpwYXNz1 to it', 'sent Basic [masked credentials] to it'],
  ['redis://:s3cr3t@redis:6379/0', 'redis://:[masked password]@redis:6379/0'],
  ['postgresql://u:p%40ss@db/x', 'postgresql://u:[masked password]@db/x'],
  [
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nnext',
    '[masked private key]\nnext',
  ],
  [
    '{"k":"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"}',
    '{"k":"[masked private key]\\n"}',
  ],
  ['id AKIAIOSFODNN7EXAMPLE;', 'id [masked access key];'],
  ['SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy', '[masked password hash]'],
  ['hash $2b$12$abcdefghijklmnopqrstuv0123456789ABCDEFGHIJKLMNOPQRSTU', 'hash [masked password hash]'],
  ['password=hunter2&next=1', 'password=[masked password]&next=1'],
  ['{"db_password": "a b\\"c", "n": 1}', '{"db_password": "[masked password]", "n": 1}'],
  ['{\\"password\\":\\"hunter2\\"}', '{\\"password\\":\\"[masked password]\\"}'],
  ["ALTER ROLE app PASSWORD 'hunter2';", "ALTER ROLE app PASSWORD '[masked password]';"],
  ['?token=abc123&x', '?token=[masked token]&x'],
  ['password%3Dhunter2', 'password%3D[masked password]'],
  ['Set-Cookie: SESSION=abc; Path=/', 'Set-Cookie: [masked cookie]'],
  ['card 4111 1111 1111 1111 declined', 'card [masked card number] declined'],
  ['key live_AbCdEfGhIjKlMnOpQrStUvWx123 ok', 'key [masked token] ok'],
]

test.each(SHAPES)('what looks like a secret in %j is masked', (text, shown) => {
  expect(masker([])(text).text).toBe(shown)
})

test.each([
  'FATAL:  password authentication failed for user "aquastream"',
  'Basic authentication is off; bearer tokens are used',
  'Invalid token: expired',
  '"secret": true, "password": null, max_tokens=5',
  '2026-11-24T05:49:26.951631532Z INFO 1 --- [nio-8101-exec-1] o.s.web : Completed 200 OK',
  'correlationId=5f2b1c9e-7d3a-4b1e-9c2d-1f0e8a7b6c5d took 1732427366951 ns',
  'jdbc:postgresql://postgres:5432/aquastream?currentSchema=user',
  'sha256:49973ab469ea62fc106eb0e5235319d18e22d2805c8dc389cd0de14912521a73',
  'order 4111 1111 1111 1112',
  'http://127.0.0.1:8080/users/name@example.org',
])('harmless text is not masked: %s', text => {
  expect(mask(text)).toBe(text)
  expect(findLeaks(text, secretOf(HEX))).toEqual([])
})

test('the final search finds all combinations of encodings', () => {
  const unseen = formsOf(HEX).filter(({form}) => findLeaks(`a ${form} b`, secretOf(HEX)).length === 0)
  expect(unseen).toEqual([])
})

describe('a secret of less than 16 characters', () => {
  test.each(['s3cr3t+w0rd', 'a "b" \\c d', "it's & s3cret"])('%s is found in any encoding', value => {
    const unseen = formsOf(value).filter(({form}) => findLeaks(`a ${form} b`, secretOf(value)).length === 0)
    expect(unseen).toEqual([])
  })

  test('is found where it continues on the next line', () => {
    const time = '2026-11-24T05:49:26.951631532Z'
    expect(findLeaks(`${time} key post\n${time}   gres15\n`, secretOf('postgres15'))).toEqual(['S'])
  })

  test.each([
    ['postgres15', '{"postgres": "postgres 15.18"}'],
    ['postgres15', 'on "postgres"\t15, postgres+15, "postgres\\n15"'],
    ['testtest', '"test" test'],
  ])('%s is not found in the separate words of %s', (value, text) => {
    expect(mask(text, value)).toBe(text)
    expect(findLeaks(text, secretOf(value))).toEqual([])
  })
})

test('a passphrase that is wrapped between its words is found', () => {
  expect(findLeaks('correct horse\n  battery staple', secretOf('correct horse battery staple'))).toEqual([
    'S',
  ])
})

test.each(['\\', 'eyJ', 'password=', '%25', '"', '-----BEGIN PRIVATE KEY-----', '1', ' '])(
  'a log that only repeats %j takes no excessive time',
  unit => {
    const text = unit.repeat(Math.ceil(200_000 / unit.length))
    expect(findLeaks(mask(text), secretOf(HEX))).toEqual([])
  },
  30_000,
)
