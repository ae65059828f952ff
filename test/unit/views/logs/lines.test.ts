import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {lineText, noLines} from '../../../../src/views/logs/lines.js'

test.each([
  [[], undefined, 'note: there are no log lines'],
  [[], '10m', 'note: there are no log lines since 10m'],
  [['user'], undefined, 'note: there are no log lines of user'],
  [['user', 'crew'], '2h', 'note: there are no log lines of user, crew since 2h'],
])('without lines of %j since %s there is a note', (services, since, note) => {
  expect(noLines(services, since)).toBe(note)
})

test('a line stands behind the name of its service, and is never wrapped', () => {
  const text = 'a line that is longer than a terminal of 40 columns'
  const line = {service: 'user', time: '2026-11-23T02:00:00.000000000Z', text}
  expect(screens(() => lineText(line))).toMatchInlineSnapshot(`
    "=== 80 columns
    user         | a line that is longer than a terminal of 40 columns
    === 40 columns
    user         | a line that is longer than a terminal of 40 columns"
  `)
})
