import {expect, test} from 'vitest'
import {inTerminal, screens} from '../../../helpers/screens.js'
import {lineText, noLines} from '../../../../src/views/logs/lines.js'

test.each([
  [[], undefined, 'note: there are no log lines'],
  [[], '10m', 'note: there are no log lines since 10m'],
  [['user'], undefined, 'note: there are no log lines of user'],
  [['user', 'crew'], '2h', 'note: there are no log lines of user, crew since 2h'],
])('without lines of %j since %s, a note is printed', (services, since, note) => {
  expect(noLines(services, since)).toBe(note)
})

test('a line follows the name of its service, without wrapping', () => {
  const text = 'a line that is longer than a terminal of 40 columns'
  const line = {service: 'user', time: '2026-11-23T02:00:00.000000000Z', text}
  expect(screens(() => lineText(line))).toMatchInlineSnapshot(`
    "=== 80 columns
    user         | a line that is longer than a terminal of 40 columns
    === 40 columns
    user         | a line that is longer than a terminal of 40 columns"
  `)
})

test.each([
  ['colors', '\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[0m\u001b[0m'],
  ['a color that does not end', '\u001b[38;5;1mred', '\u001b[38;5;1mred\u001b[0m'],
  ['a carriage return', 'p1\rp2', String.raw`p1\rp2`],
  ['a title', '\u001b]0;title\u0007', String.raw`\x1b]0;title\x07`],
  ['the clipboard', '\u001b]52;c;aGk=\u001b\\', '\\x1b]52;c;aGk=\\x1b\\'],
  ['a cleared screen', '\u001b[2J\u001b[H', String.raw`\x1b[2J\x1b[H`],
  ['an 8-bit sequence', '\u009b2J', String.raw`\x9b2J`],
  ['a sequence that only begins as a color', '\u001b[31\u001b[0K', String.raw`\x1b[31\x1b[0K`],
  ['a tab', 'a\tb', 'a\tb'],
])('%s in a line', (_, text, onTerminal) => {
  const line = {service: 'user', time: '2026-11-23T02:00:00.000000000Z', text}
  expect(inTerminal(80, () => lineText(line))).toBe(`user         | ${onTerminal}`)
  process.stdout.isTTY = false
  expect(lineText(line), 'a file gets the bytes').toBe(`user         | ${text}`)
  process.stdout.isTTY = true
})
