import {randomBytes} from 'node:crypto'
import {expect} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import type {BundleReport} from '../../src/support/bundle.js'
import {unpack} from './bundle.js'
import type {Site} from './cli.js'
import {formsOf} from './spellings.js'

/** A value that encodings change and no text has by chance. */
const canary = (name: string): string => `${name.toLowerCase()}/+&"%41-${randomBytes(12).toString('hex')}`

/** Every secret setting that a service gets, each with a canary. */
export const CANARIES: Record<string, string> = Object.fromEntries(
  SETTINGS.filter(({secret, readBy}) => secret && readBy !== 'cli').map(({name}) => [name, canary(name)]),
)

/** The password in it is a canary too. It is of a server that is not there. */
const PASSWORD = canary('DATABASE_URL')
const DATABASE_URL = `postgresql://someone:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/none`

/**
 * Has the services of a stack that was started with canaries write them in all forms, one each, makes a report, and looks
 * for them in it; until each was written.
 * @param write into the log of a service
 */
export async function expectNoCanary(
  site: Site,
  canaries: Record<string, string>,
  services: string[],
  write: (service: string, text: string) => Promise<void>,
): Promise<void> {
  const secrets = Object.entries({...canaries, DATABASE_URL: PASSWORD})
  for (let first = 0; first < secrets.length; first += services.length) {
    const writers = secrets
      .slice(first, first + services.length)
      .map(([name, value], index) => ({name, value, service: services[index]!}))
    for (const {name, value, service} of writers) await write(service, spelledOut(name, value))
    await write(services[0]!, `the whole ${DATABASE_URL} of it\n`)
    await judge(await report(site, `report-${first}`), writers)
  }
}

/** Those of the services are the environment of the start alone: later the services are all that knows them. */
async function report(site: Site, name: string): Promise<BundleReport> {
  const run = await site.run(`logs --bundle ${name}.tar.gz --json`, {env: {DATABASE_URL}})
  expect(run.exitCode, run.stdout).toBe(0)
  return JSON.parse(run.stdout) as BundleReport
}

async function judge(
  {path, masked, missing}: BundleReport,
  writers: {name: string; value: string; service: string}[],
): Promise<void> {
  expect(Object.keys(masked)).toEqual(expect.arrayContaining(writers.map(({name}) => name)))
  expect(missing).toEqual([])
  const files = await unpack(path)
  for (const {name, value, service} of writers) {
    const half = value.length / 2
    const left = [...formsOf(value).map(({form}) => form), value.slice(0, half), value.slice(half)]
    for (const [file, text] of files)
      expect(
        left.filter(form => text.includes(form)),
        `${name} in ${file}`,
      ).toEqual([])
    const log = [...files].find(([file]) => file.endsWith(`/logs/${service}.log`))?.[1]
    const lines = log!.split('\n')
    expect(
      lines.filter(line => line.includes(` before ${name} |`) && line.endsWith(`| after ${name}`)).length,
    ).toBeGreaterThan(300)
  }
  // The part of each that no encoding of characters changes.
  const hex = [...Object.values(CANARIES), PASSWORD].map(value => value.slice(-24))
  expect([...files.values()].join('')).not.toMatch(new RegExp(hex.join('|')))
}

/** A secret in all forms, over two lines, and where an engine cuts a long line. */
function spelledOut(name: string, value: string): string {
  const half = Math.ceil(value.length / 2)
  const forms = formsOf(value).map(({form}) => `before ${name} |${form}| after ${name}\n`)
  const long = `${'x'.repeat(16_384 - half)}${value} end\n`
  return [...forms, `cut ${value.slice(0, half)}\n${value.slice(half)} end\n`, long].join('')
}
