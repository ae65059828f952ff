import {stripVTControlCharacters} from 'node:util'
import {expect, test} from 'vitest'
import {renderCalendar} from '../../../../src/views/db/calendar.js'

type Day = Parameters<typeof renderCalendar>[0]['sets'][number]

const NOW = new Date('2026-11-23T12:00:00Z')

function day(date: string, state: Day['state'] = 'complete', kind: Day['kind'] = 'backup'): Day {
  return {id: `${date.replaceAll('-', '')}T020000Z`, state, kind}
}

function linesOf(sets: Day[], columns: number, rotated: string[] = []): string[] {
  return stripVTControlCharacters(renderCalendar({sets, rotated}, NOW, columns)).split('\n')
}

const LEGEND = '# complete  ! damaged  - rotated  . none'
const SETS = [
  day('2026-11-19'),
  day('2026-11-18', 'damaged'),
  day('2026-11-17', 'partial'),
  day('2026-11-17'),
  day('2026-11-16', 'complete', 'safety'),
  day('2026-11-15'),
  day('2026-10-30'),
]

test('three months are shown side by side', () => {
  expect(linesOf(SETS, 80)).toEqual([
    'September 2026     October 2026       November 2026',
    '   M T W T F S S      M T W T F S S      M T W T F S S',
    ' 1                  1                  1             .',
    ' 7                  5                  2 . . . . . . .',
    '14                 12                  9 . . . . . . #',
    '21                 19                 16 . # ! # . . .',
    '28                 26         # .     23',
    '                                      30',
    '',
    LEGEND,
  ])
})

test('a narrow terminal shows two months side by side', () => {
  expect(linesOf(SETS, 40)).toEqual([
    'September 2026     October 2026',
    '   M T W T F S S      M T W T F S S',
    ' 1                  1',
    ' 7                  5',
    '14                 12',
    '21                 19',
    '28                 26         # .',
    '',
    'November 2026',
    '   M T W T F S S',
    ' 1             .',
    ' 2 . . . . . . .',
    ' 9 . . . . . . #',
    '16 . # ! # . . .',
    '23',
    '30',
    '',
    LEGEND,
  ])
})

test('today and future days are not marked as missing', () => {
  const lines = linesOf([day('2026-11-22'), day('2026-11-28')], 80)
  expect(lines.filter(line => /[#.-]/.test(line))).toEqual([
    '21                 19                 16             #',
    LEGEND,
  ])
})

test('without any backup, no day is marked as missing', () => {
  expect(linesOf([], 80).filter(line => /[#!.-]/.test(line))).toEqual([LEGEND])
})

test('the last three months can be in two years', () => {
  const text = renderCalendar({sets: [], rotated: []}, new Date('2027-01-05T00:00:00Z'), 80)
  expect(stripVTControlCharacters(text).split('\n')[0]).toBe(
    'November 2026      December 2026      January 2027',
  )
})

test('a day with a rotated backup is not missing', () => {
  const rotated = ['20261117T020000Z', '20261116T020000Z', '20261115T020000Z', '20261114T020000Z']
  const sets = [day('2026-11-20'), day('2026-11-17'), day('2026-11-16', 'damaged')]
  expect(linesOf(sets, 80, rotated).slice(4, 6)).toEqual([
    '14                 12                  9           - -',
    '21                 19                 16 - # . . # . .',
  ])
})
