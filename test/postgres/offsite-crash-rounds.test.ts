import {randomBytes} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import type {PushReport} from '../../src/offsite/push.js'
import {report} from '../helpers/backups.js'
import {checkSums, descendants, killNow} from '../helpers/crash-site.js'
import {pick, randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {OffsiteSite, resticPrograms} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

/**
 * Kills pushes at random moments, and checks that the next push completes. For many rounds, use npm run test:rounds. To
 * repeat a run: AQUASTREAM_TEST_SEED=1 npm test -- postgres/offsite-crash-rounds
 */
const ROUNDS = roundsOr(3)

/** What is killed: the command, its restic, or both at once. */
const VICTIMS = {command: 1, restic: 1, both: 2} as const

const random = randomFrom(SEED)
const versions = [...resticPrograms()]
const sites = new Map<string, OffsiteSite>()

beforeAll(async () => {
  for (const [version, programs] of versions) {
    const site = await OffsiteSite.with(programs)
    sites.set(version, site)
    // A slow network, so that about half of the moments are during the upload.
    const slowly = 'case "$1" in backup) shift; set -- backup --limit-upload 6000 "$@" ;; esac'
    Object.assign(site.env, await site.detour(slowly))
    await site.createRepository()
  }
})
afterAll(async () => {
  for (const site of sites.values()) await site[Symbol.asyncDispose]()
})

/** Writes a backup whose upload takes two seconds. */
async function newSet(site: OffsiteSite, round: number): Promise<string> {
  const id = idAgo(ROUNDS - round + 1)
  await writeSet(site.backups, id, {filler: randomBytes(12_000_000)})
  return id
}

test.skipIf(versions.length === 0).each(Array.from({length: ROUNDS}, (_, index) => index + 1))(
  `round %i of seed ${SEED}: a push after a killed one completes`,
  async round => {
    const [version] = versions[round % versions.length]!
    const site = sites.get(version)!
    const id = await newSet(site, round)
    const victim = pick(random, VICTIMS)
    const running = site.start('offsite:push')
    const moment = Math.round(random() * 5000)
    await Promise.race([sleep(moment), running.ended])
    const children = await descendants(running.pid)
    if (victim !== 'restic') killNow(running.pid)
    if (victim !== 'command') for (const {pid} of children) killNow(pid)
    await running.ended
    const what = `${version}, ${victim} killed after ${moment} ms`

    const {pushed, present} = await report<PushReport>(site, ['offsite:push'])
    expect(pushed.length + present, what).toBeGreaterThan(0)
    const {snapshots} = await report<{snapshots: {id: string}[]}>(site, ['offsite:list'])
    expect(
      snapshots.map(one => one.id),
      what,
    ).toContain(id)
    expect(new Set((await checkSums(site.backups)).values()), what).toEqual(new Set(['backup']))
    // check needs a repository without locks.
    const check = await site.tryRestic(['check'], site.directory, false)
    expect({exitCode: check.exitCode, stderr: check.stderr}, what).toMatchObject({exitCode: 0})
  },
)
