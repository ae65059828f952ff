import {access, readdir, rm, utimes} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {backup, rootOf, siteFor} from '../helpers/backups.js'
import type {Run, Running, Site} from '../helpers/cli.js'
import {
  ACCIDENT,
  backends,
  checkSums,
  descendants,
  fingerprint,
  FIXTURE,
  killNow,
  remains,
} from '../helpers/crash-site.js'
import {startPostgres, type TestServer} from '../helpers/postgres.js'
import {oneOf, pick, randomFrom, roundsOr, SEED} from '../helpers/random.js'
import {writeSet} from '../helpers/sets.js'

/**
 * Ends commands at random moments and in different ways, and checks what is left. For many rounds, use
 * npm run test:rounds. To repeat a run: AQUASTREAM_TEST_SEED=1 npm test -- postgres/crash-rounds
 */
const ROUNDS = roundsOr(6)

/** The commands, with the state of the database after their success. */
const COMMANDS = {
  backup: {words: ['db:backup'], leaves: 'before'},
  'restore one': {
    words: ['db:restore', '--yes', '--schema', 'user', '--from', 'SET'],
    leaves: 'one restored',
  },
  'restore all': {words: ['db:restore', '--yes', '--all', '--from', 'SET'], leaves: 'all restored'},
  rehearsal: {words: ['db:verify', '--restore', 'SET'], leaves: 'before'},
  rotate: {
    words: ['db:rotate', '--keep-daily', '1', '--keep-weekly', '0', '--keep-monthly', '0'],
    leaves: 'before',
  },
} as const
type Command = keyof typeof COMMANDS

const SIGNALS = {SIGKILL: 3, SIGINT: 2, SIGTERM: 1} as const

const FAULTS = {
  ...SIGNALS,
  /** A child process of the command is killed. */
  child: 2,
  /** The server terminates one of its sessions. */
  session: 1,
  /** One of its backends is killed, which makes the server recover. */
  backend: 1,
  immediate: 1,
  kill: 1,
} as const
type Fault = keyof typeof FAULTS

/** The time that a command has to clean up after an interrupt. */
const GRACE_MS = 800

const random = randomFrom(SEED)

let server: TestServer
let site: Site
let set: string
const states = new Map<string, string>()
const durations = new Map<Command, number>()

beforeAll(async () => {
  server = await startPostgres()
  site = await siteFor(server)
  await server.sql(FIXTURE)
  set = (await backup(site, '--pin')).id
  await server.sql(ACCIDENT)
  states.set('before', await fingerprint(server))
  for (const command of Object.keys(COMMANDS) as Command[]) {
    const began = performance.now()
    expect(await start(command).ended).toMatchObject({exitCode: 0})
    durations.set(command, performance.now() - began)
    states.set(COMMANDS[command].leaves, await fingerprint(server))
    await clearUp()
  }
  expect(new Set(states.values()).size).toBe(3)
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

test(
  'a command that is ended leaves no partial change',
  async () => {
    const complaints: string[] = []
    for (let number = 1; number <= ROUNDS; number++) {
      const command = pick(random, {backup: 2, 'restore one': 3, 'restore all': 2, rehearsal: 1, rotate: 1})
      // Rotation does not use the server, so only signals are sent. At first, every command only loads its modules.
      const fault = pick(random, command === 'rotate' ? SIGNALS : FAULTS)
      const round = {command, fault, delay: (0.2 + 0.9 * random()) * durations.get(command)!}
      const title = `round ${number} of seed ${SEED}: ${round.fault} after ${Math.round(round.delay)} ms of ${command}`
      console.log(title)
      const found = await play(round, number)
      complaints.push(...found.map(complaint => `${title}: ${complaint}`))
    }
    expect(complaints).toEqual([])
  },
  60_000 + ROUNDS * 20_000,
)

interface Round {
  command: Command
  fault: Fault
  delay: number
}

/** Runs one round. @returns the problems that were found afterwards */
async function play({command, fault, delay}: Round, number: number): Promise<string[]> {
  if (command === 'rotate') await makeOldSets()
  const earlier = await checkSums(rootOf(site))
  const locked = await exists('.lock')
  const running = start(command)
  await Promise.race([sleep(delay), running.ended])
  const struck = performance.now()
  await strike(fault, running)
  const run = await running.ended
  const took = performance.now() - struck
  const sent = fault.startsWith('SIG') ? (fault as NodeJS.Signals) : undefined
  const complaints = [
    ...(await checkDatabase(command, run)),
    ...(await checkSets(command, run, earlier)),
    ...checkEnd(run, sent),
  ]
  // A command that did not end in time is killed, and its lock remains until it is stale.
  if (sent !== 'SIGKILL' && took < GRACE_MS && !locked && (await exists('.lock')))
    complaints.push(`the lock was left after ${took} ms by exit ${run.exitCode}`)
  if (number % 6 === 0) complaints.push(...(await checkNextRun()))
  await clearUp()
  return complaints
}

async function checkDatabase(command: Command, run: Run): Promise<string[]> {
  const left = await remains(server)
  const now = await fingerprint(server)
  const state = [...states].find(([, print]) => print === now)?.[0]
  const {leaves} = COMMANDS[command]
  const {code, message} = endOf(run)
  const allowed =
    run.exitCode === 0
      ? [leaves]
      : code === 'killed' || code === 'restore-unknown'
        ? ['before', leaves]
        : ['before']
  return [
    ...(left ? [`in the database stays ${left}`] : []),
    ...(state && allowed.includes(state)
      ? []
      : [`the database is as ${state ?? 'never'} with exit ${run.exitCode} (${code}: ${message})`]),
  ]
}

async function checkSets(command: Command, run: Run, earlier: Map<string, string>): Promise<string[]> {
  const now = await checkSums(rootOf(site))
  const lost = [...earlier.keys()].filter(id => !now.has(id))
  const added = [...now].filter(([id]) => !earlier.has(id))
  const backups = added.filter(([, kind]) => kind === 'backup').length
  const {code} = endOf(run)
  return [
    ...[...now].filter(([, kind]) => kind.startsWith('broken')).map(([id, why]) => `${id} is ${why}`),
    ...(lost.length > 0 && command !== 'rotate' ? [`lost ${lost.join(', ')}`] : []),
    ...(now.has(set) ? [] : ['lost the newest set']),
    ...(command === 'backup' && code !== 'killed' && backups !== (run.exitCode === 0 ? 1 : 0)
      ? [`${backups} new backups with exit ${run.exitCode} (${code})`]
      : []),
  ]
}

/** Checks the exit status, which must never be that of a bug or of invalid usage. */
function checkEnd(run: Run, sent: NodeJS.Signals | undefined): string[] {
  const {code} = endOf(run)
  const ends: Record<string, number[]> = {SIGKILL: [0, -1], SIGINT: [0, 130, -1], SIGTERM: [0, 143, -1]}
  const fitting = sent === undefined ? [0, 4, 5, 6] : ends[sent]!
  return fitting.includes(run.exitCode) ? [] : [`exit ${run.exitCode} (${code}): ${run.stdout}${run.stderr}`]
}

/** Checks that the next command takes over a stale lock and deletes leftovers. */
async function checkNextRun(): Promise<string[]> {
  await ageLock()
  const {exitCode, stderr} = await site.run('db:backup')
  const verified = await site.run('db:verify')
  const hidden = (await readdir(rootOf(site))).filter(name => /partial|deleted/.test(name))
  return [
    ...(exitCode === 0 ? [] : [`the next run ends with ${exitCode}: ${stderr}`]),
    ...(verified.exitCode === 0 ? [] : [`db:verify says ${verified.stderr}`]),
    ...(hidden.length > 0 ? [`unswept: ${hidden.join(', ')}`] : []),
  ]
}

function start(command: Command): Running {
  return site.start([...COMMANDS[command].words.map(word => (word === 'SET' ? set : word)), '--json'])
}

async function strike(fault: Fault, running: Running): Promise<void> {
  switch (fault) {
    case 'SIGKILL':
    case 'SIGINT':
    case 'SIGTERM':
      running.kill(fault)
      return
    case 'child': {
      const child = oneOf(random, await descendants(running.pid))
      if (child) killNow(child.pid)
      return
    }
    case 'session': {
      const pid = oneOf(random, await backends(server))
      if (pid !== undefined) await server.sql(`SELECT pg_terminate_backend(${pid})`)
      return
    }
    case 'backend': {
      const pid = oneOf(random, await backends(server))
      if (pid !== undefined) killNow(pid)
      await untilItAnswers()
      return
    }
    default:
      await server.restart(fault)
  }
}

async function untilItAnswers(): Promise<void> {
  const deadline = performance.now() + 20_000
  for (;;) {
    try {
      await server.sql('SELECT 1')
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}

/** Restores the state before the round. */
async function clearUp(): Promise<void> {
  const root = rootOf(site)
  for (const name of await readdir(root))
    if (/^\.?\d/.test(name) && name !== set) await rm(join(root, name), {recursive: true})
  await ageLock()
  await server.sql(ACCIDENT)
  if ((await fingerprint(server)) !== states.get('before'))
    throw new Error('unexpected state of the database')
}

/** Makes a remaining lock old enough to be stale. */
async function ageLock(): Promise<void> {
  if (await exists('.lock')) await utimes(join(rootOf(site), '.lock'), 0, 0)
}

async function makeOldSets(): Promise<void> {
  for (let day = 10; day < 22; day++)
    await writeSet(rootOf(site), `202601${day}T020000Z`, {schemas: ['user']})
}

function exists(name: string): Promise<boolean> {
  return access(join(rootOf(site), name)).then(
    () => true,
    () => false,
  )
}

/** Returns the error of a run, or a description if it printed none. */
function endOf({exitCode, stdout}: Run): {code: string; message: string} {
  if (exitCode === 0) return {code: 'done', message: ''}
  if (exitCode === -1) return {code: 'killed', message: ''}
  try {
    const {error} = JSON.parse(stdout) as {error?: {code: string; message: string}}
    return error ?? {code: 'a report', message: stdout}
  } catch {
    return {code: 'silent', message: ''}
  }
}
