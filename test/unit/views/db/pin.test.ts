import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {pinSummary} from '../../../../src/views/db/pin.js'

const id = '20261123T020000Z'

test.each([
  [{pinned: true, changed: true}, `Backup ${id} is pinned; rotation does not delete it.`],
  [{pinned: true, changed: false}, `Backup ${id} is already pinned; nothing was changed.`],
  [{pinned: false, changed: true}, `Backup ${id} is no longer pinned; rotation may delete it.`],
  [{pinned: false, changed: false}, `Backup ${id} is not pinned; nothing was changed.`],
])('the result %j is reported in one sentence', (result, sentence) => {
  const text = screens(() => pinSummary({id, ...result}))
  const [wide, narrow = ''] = text.split('\n=== 40 columns\n')
  expect(wide).toBe(`=== 80 columns\n${sentence}`)
  expect(narrow.replace(/\n/g, ' ')).toBe(sentence)
  expect(Math.max(...narrow.split('\n').map(({length}) => length))).toBeLessThanOrEqual(40)
})
