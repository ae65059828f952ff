import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {killNow} from '../helpers/crash-site.js'
import {EmbeddedSite} from '../helpers/embedded.js'
import {pick, randomFrom, roundsOr, SEED} from '../helpers/random.js'

/**
 * Kills processes of a stack at random moments, and checks that the next command repairs it. For many rounds, use
 * npm run test:rounds. To repeat a run: AQUASTREAM_TEST_SEED=1 npm test -- embedded/crash-rounds
 */
const ROUNDS = roundsOr(3)

/** What is killed with SIGKILL, with the relative frequencies. */
const VICTIMS = {
  command: 3,
  supervisor: 3,
  'supervisor and watchdogs': 2,
  postgres: 1,
  everything: 1,
} as const
type Victim = keyof typeof VICTIMS

/** What is in progress at the moment of the kill, with the relative frequencies. */
const BEGINNINGS = {'first start': 1, start: 3, 'running stack': 1, stop: 2} as const
type Beginning = keyof typeof BEGINNINGS

const SERVICES = ['env:up', '--service', 'gateway', '--service', 'postgres', '--timeout', '60']

let site: EmbeddedSite
/** The number of committed rows, which must never be lost. */
let rows = 0
beforeAll(async () => {
  site = await EmbeddedSite.open()
})
afterAll(async () => site[Symbol.asyncDispose]())

test(
  'after any kill, the next command repairs the stack',
  async () => {
    const random = randomFrom(SEED)
    const complaints: string[] = []
    for (let number = 1; number <= ROUNDS; number++) {
      const beginning = pick(random, BEGINNINGS)
      const victim = pick(random, VICTIMS)
      const delay = Math.round(random() * (beginning === 'stop' ? 1500 : 4000))
      const title = `round ${number} of seed ${SEED}: ${victim} after ${delay} ms of ${beginning}`
      console.log(title)
      const found = await play(beginning, victim, delay, random() < 0.5)
      complaints.push(...found.map(complaint => `${title}: ${complaint}`))
    }
    expect(complaints).toEqual([])
  },
  60_000 + ROUNDS * 60_000,
)

/** Runs one round. @returns the problems that were found afterwards */
async function play(beginning: Beginning, victim: Victim, delay: number, stop: boolean): Promise<string[]> {
  await prepare(beginning)
  const running =
    beginning === 'running stack' ? undefined : site.start(beginning === 'stop' ? ['env:down'] : SERVICES)
  await Promise.race([sleep(delay), ...(running ? [running.ended] : [])])
  if (victim === 'command') running?.kill('SIGKILL')
  await strike(victim)
  await running?.ended
  return [...(stop ? await checkStop() : []), ...(await checkStart())]
}

async function prepare(beginning: Beginning): Promise<void> {
  if (beginning === 'running stack' || beginning === 'stop') {
    await site.up('gateway', 'postgres')
    return
  }
  const volumes = beginning === 'first start' ? ['--volumes', '--yes'] : []
  await site.run(['env:down', ...volumes])
  if (volumes.length > 0) rows = 0
}

async function strike(victim: Victim): Promise<void> {
  const all = await site.processes()
  const isVictim: Record<Victim, (command: string) => boolean> = {
    command: () => false,
    supervisor: command => command.includes('supervisor/main.js'),
    'supervisor and watchdogs': command => /supervisor\/main\.js|^\/bin\/sh -c/.test(command),
    postgres: command => /^\S+\/postgres /.test(command),
    everything: () => true,
  }
  for (const {pid, command} of all) if (isVictim[victim](command)) killNow(pid)
}

async function checkStop(): Promise<string[]> {
  const {exitCode, stderr} = await site.run('env:down')
  const left = await site.remains(0)
  return [
    ...(exitCode === 0 ? [] : [`env:down ends with ${exitCode}: ${stderr}`]),
    ...left.map(command => `after env:down runs ${command}`),
  ]
}

async function checkStart(): Promise<string[]> {
  const {exitCode, stderr} = await site.run(SERVICES)
  if (exitCode !== 0) return [`env:up ends with ${exitCode}: ${stderr}`]
  await site.sql('CREATE TABLE IF NOT EXISTS event.kept (n int)')
  const counted = Number(await site.sql('SELECT count(*) FROM event.kept'))
  const lost = counted === rows ? [] : [`${counted} rows are there, of ${rows}`]
  await site.sql('INSERT INTO event.kept VALUES (1)')
  rows = counted + 1
  const servers = (await site.processes()).filter(({command}) => /^\S+\/postgres -D/.test(command)).length
  return [...lost, ...(servers === 1 ? [] : [`${servers} servers run`])]
}
