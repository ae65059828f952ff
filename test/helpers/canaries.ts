import {randomBytes} from 'node:crypto'
import {expect} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import type {BundleReport} from '../../src/support/bundle.js'
import {unpack} from './bundle.js'
import type {Site} from './cli.js'
import {formsOf} from './spellings.js'

/** Returns a value that encodings change and that no text contains by chance. */
const canary = (name: string): string => `${name.toLowerCase()}/+&"%41-${randomBytes(12).toString('hex')}`

/** A canary for each secret setting that services receive. */
export const CANARIES: Record<string, string> = Object.fromEntries(
  SETTINGS.filter(({secret, readBy}) => secret && readBy !== 'cli').map(({name}) => [name, canary(name)]),
)

/** The password of a server that does not exist; it is a canary as well. */
const PASSWORD = canary('DATABASE_URL')
const DATABASE_URL = `postgresql://someone:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/none`

/**
 * Checks that support bundles of a stack contain none of the canaries that it was started with. Each service logs one
 * canary in every form, then a bundle is written; this is repeated until every canary has been logged.
 * @param write writes a text to the log of a service
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
    await check(await report(site, `report-${first}`), writers)
  }
}

/**
 * Writes a support bundle. Only the environment of the start contained the canaries of the services, so from then on
 * they are known only from the services.
 */
async function report(site: Site, name: string): Promise<BundleReport> {
  const run = await site.run(`logs --bundle ${name}.tar.gz --json`, {env: {DATABASE_URL}})
  expect(run.exitCode, run.stdout).toBe(0)
  return JSON.parse(run.stdout) as BundleReport
}

async function check(
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
  // The hexadecimal end of each canary, which no encoding of single characters changes.
  const hex = [...Object.values(CANARIES), PASSWORD].map(value => value.slice(-24))
  expect([...files.values()].join('')).not.toMatch(new RegExp(hex.join('|')))
}

/** Returns a text with a secret in all forms, split over two lines, and where an engine splits a long line. */
function spelledOut(name: string, value: string): string {
  const half = Math.ceil(value.length / 2)
  const forms = formsOf(value).map(({form}) => `before ${name} |${form}| after ${name}\n`)
  const long = `${'x'.repeat(16_384 - half)}${value} end\n`
  return [...forms, `cut ${value.slice(0, half)}\n${value.slice(half)} end\n`, long].join('')
}
