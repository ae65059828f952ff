import fc from 'fast-check'
import {describe, expect, test} from 'vitest'
import {DEFAULT_POLICY, type Policy} from '../../src/backup/policy.js'
import {type Candidate, decide} from '../../src/backup/retention.js'
import {setId, timeOf} from '../../src/backup/repository/backup-set.js'

const NOW = new Date('2026-11-23T12:00:00Z')
const HOUR = 3_600_000
const SCHEMAS = ['user', 'event', 'crew', 'payment', 'notification', 'media']

function set(
  id: string,
  options: Partial<Omit<Candidate, 'id'>> & {kind?: 'backup' | 'safety'; database?: string} = {},
): Candidate {
  const {kind = 'backup', database = 'aquastream', ...rest} = options
  return {
    id,
    takenAt: timeOf(id)!,
    state: 'complete',
    pinned: false,
    schemas: SCHEMAS,
    manifest: {kind, server: {database}},
    ...rest,
  }
}

function keptBy(sets: Candidate[], policy: Policy = DEFAULT_POLICY, now: Date = NOW): string[] {
  const decisions = decide(sets, policy, now)
  return decisions.filter(({action}) => action === 'keep').map(({set: {id}}) => id)
}

/** Returns one backup per night at 02:00, the newest first. */
function nights(count: number): Candidate[] {
  return Array.from({length: count}, (_, night) => set(setId(new Date(Date.UTC(2026, 10, 23 - night, 2)))))
}

describe('the selection of restic', () => {
  /**
   * ApplyPolicy of restic, translated line by line, for --keep-daily, --keep-weekly and --keep-monthly. ISO weeks are
   * computed with calendar functions here, and with arithmetic in src.
   */
  function restic(sets: Candidate[], policy: Policy): string[] {
    const list = sets.toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime())
    const buckets = [
      {Count: policy.daily, bucker: ymd, Last: -1},
      {Count: policy.weekly, bucker: yw, Last: -1},
      {Count: policy.monthly, bucker: ym, Last: -1},
    ]
    const keep: string[] = []
    for (let nr = 0; nr < list.length; nr++) {
      const cur = list[nr]!
      let keepSnap = cur.pinned
      for (const b of buckets) {
        if (b.Count > 0) {
          const val = b.bucker(cur.takenAt)
          if (val !== b.Last || nr === list.length - 1) {
            keepSnap = true
            b.Last = val
            b.Count--
          }
        }
      }
      if (keepSnap) keep.push(cur.id)
    }
    return keep
  }

  function ymd(d: Date): number {
    return d.getUTCFullYear() * 10_000 + (d.getUTCMonth() + 1) * 100 + d.getUTCDate()
  }

  function ym(d: Date): number {
    return d.getUTCFullYear() * 100 + d.getUTCMonth() + 1
  }

  /** Returns year and ISO week: those of the Thursday of the week, counted from the first Thursday of the year. */
  function yw(d: Date): number {
    const thursday = new Date(d)
    while (thursday.getUTCDay() !== 4) {
      const ahead = (d.getUTCDay() + 6) % 7 < 3
      thursday.setUTCDate(thursday.getUTCDate() + (ahead ? 1 : -1))
    }
    let week = 1
    const day = new Date(thursday)
    for (day.setUTCDate(day.getUTCDate() - 7); day.getUTCFullYear() === thursday.getUTCFullYear(); week++)
      day.setUTCDate(day.getUTCDate() - 7)
    return thursday.getUTCFullYear() * 100 + week
  }

  const policies = fc
    .record({daily: fc.nat(10), weekly: fc.nat(8), monthly: fc.nat(15)})
    .filter(({daily, weekly, monthly}) => daily + weekly + monthly > 0)
  /** Gaps between backups: minutes, nights, and up to three months. */
  const gaps = fc.oneof(
    fc.integer({min: 1, max: 300}),
    fc.integer({min: 20 * 60, max: 28 * 60}),
    fc.integer({min: 1, max: 90 * 24 * 60}),
  )
  const calendars = fc
    .tuple(fc.integer({min: 0, max: 2_000_000}), fc.array(fc.tuple(gaps, fc.boolean()), {maxLength: 150}))
    .map(([age, list]) => {
      let at = NOW.getTime() - age * 60_000
      return list.map(([gap, pinned]) => {
        at -= gap * 60_000
        return set(setId(new Date(at)), {pinned: pinned && gap % 10 === 0})
      })
    })

  test('is made for every calendar and every policy', () => {
    fc.assert(
      fc.property(calendars, policies, (sets, policy) => {
        expect(keptBy(sets, policy)).toEqual(restic(sets, policy))
      }),
      {numRuns: 500},
    )
  })

  test('is made for each schema of a backup separately', () => {
    const subsets = fc.array(fc.subarray(['user', 'event', 'crew'], {minLength: 1}), {
      minLength: 150,
      maxLength: 150,
    })
    fc.assert(
      fc.property(calendars, subsets, policies, (sets, schemas, policy) => {
        const some = sets.map((one, index) => ({...one, schemas: schemas[index]!}))
        const needed = ['user', 'event', 'crew'].flatMap(schema =>
          restic(
            some.filter(one => one.schemas.includes(schema)),
            policy,
          ),
        )
        expect(keptBy(some, policy)).toEqual([...new Set(needed)].sort().reverse())
      }),
      {numRuns: 300},
    )
  })

  test('the newest backup of a schema is always kept', () => {
    const clocks = fc.date({min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true})
    const kinds = fc.array(fc.constantFrom('backup' as const, 'safety' as const), {
      minLength: 150,
      maxLength: 150,
    })
    fc.assert(
      fc.property(calendars, kinds, policies, clocks, (calendar, kindOf, policy, now) => {
        const sets = calendar.map((one, index) => ({
          ...one,
          manifest: {kind: kindOf[index]!, server: {database: 'aquastream'}},
          schemas: [SCHEMAS[index % 6]!],
        }))
        const kept = new Set(keptBy(sets, policy, now))
        for (const schema of SCHEMAS) {
          const held = sets.filter(one => one.schemas.includes(schema))
          const newest = [held[0], held.find(one => one.manifest.kind === 'backup')]
          expect(newest.filter(one => one && !kept.has(one.id))).toEqual([])
        }
      }),
      {numRuns: 500},
    )
  })

  test('a backup that was kept is kept again', () => {
    fc.assert(
      fc.property(calendars, policies, (sets, policy) => {
        const kept = new Set(keptBy(sets, policy))
        const left = sets.filter(({id}) => kept.has(id))
        expect(keptBy(left, policy)).toEqual(left.map(({id}) => id))
      }),
    )
  })
})

test('a hundred nights leave seven days, weeks and months', () => {
  expect(keptBy(nights(100))).toEqual(
    [
      ...['20261123', '20261122', '20261121', '20261120', '20261119', '20261118', '20261117'],
      ...['20261115', '20261108', '20261031', '20260930'],
    ].map(day => `${day}T020000Z`),
  )
})

test('each kept backup has the reasons for it', () => {
  const [newest, , , , , , last] = decide(nights(7), {daily: 1, weekly: 0, monthly: 2}, NOW)
  const rule = {schema: 'user'}
  expect(newest?.reasons.filter(reason => 'schema' in reason && reason.schema === 'user')).toEqual([
    {rule: 'newest', schema: 'user'},
    {...rule, rule: 'daily', bucket: '2026-11-23', oldest: false},
    {...rule, rule: 'monthly', bucket: '2026-11', oldest: false},
  ])
  expect(last?.reasons).toContainEqual({...rule, rule: 'monthly', bucket: '2026-11', oldest: true})
})

test.each([
  ['20261231T020000Z', '2026-W53'],
  ['20270103T020000Z', '2026-W53'],
  ['20270104T020000Z', '2027-W01'],
  ['20241230T020000Z', '2025-W01'],
  ['20260101T020000Z', '2026-W01'],
])('the week of %s has its ISO name', (id, bucket) => {
  const [decision] = decide([set(id)], {daily: 0, weekly: 1, monthly: 0}, timeOf(id)!)
  expect(decision?.reasons).toContainEqual(expect.objectContaining({rule: 'weekly', bucket}))
})

test('incomplete backups neither count nor are deleted', () => {
  const sets = nights(9).map((one, night) => ({
    ...one,
    state: night < 2 ? ('damaged' as const) : night < 4 ? ('partial' as const) : one.state,
  }))
  const decisions = decide(sets, {daily: 3, weekly: 0, monthly: 0}, NOW)
  expect(decisions.map(({action}) => action)).toEqual([
    ...['ignore', 'ignore', 'ignore', 'ignore'],
    ...['keep', 'keep', 'keep', 'delete', 'delete'],
  ])
})

test('seven damaged backups do not replace complete ones', () => {
  const good = nights(10).slice(7)
  const bad = nights(7).map(one => ({...one, state: 'damaged' as const}))
  expect(keptBy([...bad, ...good])).toEqual(good.map(({id}) => id))
})

test('backups dated in the future are kept, without counting', () => {
  const future = set('20990101T000000Z')
  const decisions = decide([future, ...nights(3)], {daily: 1, weekly: 0, monthly: 0}, NOW)
  expect(decisions.map(({action}) => action)).toEqual(['keep', 'keep', 'delete', 'delete'])
  expect(decisions[0]?.reasons).toEqual([{rule: 'future'}])
})

test('a clock that was set back deletes nothing', () => {
  expect(keptBy(nights(40), DEFAULT_POLICY, new Date('2020-01-01'))).toHaveLength(40)
})

test('a safety backup does not replace the daily one', () => {
  const safety = set('20261123T110000Z', {kind: 'safety', schemas: ['user']})
  const kept = keptBy([safety, ...nights(3)], {daily: 1, weekly: 0, monthly: 0})
  expect(kept).toEqual([safety.id, '20261123T020000Z'])
})

test('a backup of a copied database replaces no other', () => {
  const copy = set('20261123T110000Z', {database: 'copy'})
  const kept = keptBy([copy, ...nights(3)], {daily: 1, weekly: 0, monthly: 0})
  expect(kept).toEqual([copy.id, '20261123T020000Z'])
})

test('a safety backup is kept for a week', () => {
  const at = (hours: number): Candidate =>
    set(setId(new Date(NOW.getTime() - hours * HOUR)), {kind: 'safety', schemas: ['user']})
  const sets = [at(1), at(2), at(30), at(167), at(169)]
  expect(keptBy(sets, {daily: 1, weekly: 0, monthly: 0})).toEqual(sets.slice(0, 4).map(({id}) => id))
})

test('the newest backup is kept despite newer safety backups', () => {
  const [nightly] = nights(1)
  const safety = set('20261123T110000Z', {kind: 'safety'})
  const [, decision] = decide([safety, nightly!], {daily: 1, weekly: 0, monthly: 0}, NOW)
  expect(decision?.reasons).toContainEqual({rule: 'newest-backup', schema: 'user'})
})

test('a pinned backup is kept and counts as well', () => {
  const sets = nights(5).map((one, night) => ({...one, pinned: night === 0 || night === 3}))
  const kept = keptBy(sets, {daily: 2, weekly: 0, monthly: 0})
  expect(kept).toEqual([sets[0], sets[1], sets[3]].map(one => one?.id))
})

test('a backup is kept while any schema needs it', () => {
  const user = set('20261123T110000Z', {schemas: ['user']})
  const kept = keptBy([user, ...nights(2)], {daily: 1, weekly: 0, monthly: 0})
  expect(kept).toEqual([user.id, '20261123T020000Z'])
})

test.each([
  {daily: 0, weekly: 0, monthly: 0},
  {daily: -1, weekly: 4, monthly: 3},
  {daily: 1.5, weekly: 0, monthly: 0},
])('the policy %o is rejected', policy => {
  expect(() => decide([], policy, NOW)).toThrow(expect.objectContaining({code: 'usage'}))
})

test('a decision about many backups takes linear effort', () => {
  // Sorting needs about thirty accesses per backup; an algorithm that compares all pairs exceeds the limit.
  let left = 100 * 20_000
  const counted = (one: Candidate): Candidate =>
    new Proxy(one, {
      get(...args) {
        if (left-- === 0) throw new Error('a backup was accessed too often')
        return Reflect.get(...args) as unknown
      },
    })
  const sets = Array.from({length: 20_000}, (_, index) =>
    counted(set(setId(new Date(NOW.getTime() - index * HOUR)), {pinned: index % 100 === 0})),
  )
  const shuffled = sets.map((one, index) => sets[(index * 7919) % sets.length] ?? one)
  expect(decide(shuffled, DEFAULT_POLICY, NOW)).toHaveLength(20_000)
})
