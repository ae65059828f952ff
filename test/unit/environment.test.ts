import {readFileSync} from 'node:fs'
import {CORE_SCHEMA, load, mergeTag} from 'js-yaml'
import {expect, test} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import {environmentOf, type Values} from '../../src/engines/embedded/environment.js'
import {servicesOf} from '../../src/stack/catalogue.js'

interface ComposeFile {
  services: Record<string, {environment: Record<string, string>}>
}

const compose = load(readFileSync('infra/compose/docker-compose.yml', 'utf8'), {
  schema: CORE_SCHEMA.withTags(mergeTag),
}) as ComposeFile
const values = Object.fromEntries(SETTINGS.map(({name}) => [name, name.endsWith('_PORT') ? '1' : name]))
const programs = servicesOf('dev').filter(({kind}) => kind !== 'infrastructure')

test.each(programs)('$name gets the same variables on both engines', ({name}) => {
  const told = Object.keys(environmentOf(name, values, () => true))
  // A container listens on all of its addresses, and only a JVM needs JAVA_TOOL_OPTIONS.
  const expected = Object.keys(compose.services[name]!.environment).filter(key => key !== 'JAVA_TOOL_OPTIONS')
  expect(told.sort()).toEqual([...expected, 'SERVER_ADDRESS'].sort())
})

test.each([
  ['payment', 'GATEWAY_PUBLIC_URL'],
  ['mocks', 'PUBLIC_URL'],
])('%s shows the same address on both engines', (name, variable) => {
  const dev = {...values, BIND: '192.0.2.1', GATEWAY_PORT: '18080', MOCKS_PORT: '18090'} as Values
  const filled = compose.services[name]!.environment[variable]!.replaceAll(
    /\$\{(\w+):-[^}]*\}/g,
    (_, setting: string) => dev[setting]!,
  )
  expect(environmentOf(name, dev, () => true)[variable]).toBe(filled)
  expect(filled).toMatch(/^http:\/\/192\.0\.2\.1:180[89]0$/)
})

test('no service gets variables of skipped services', () => {
  const told = programs.flatMap(({name}) => Object.entries(environmentOf(name, values, () => false)))
  expect(told.filter(([key]) => /REDIS|S3/.test(key))).toEqual([])
})

test('the address of the mocks contains no container name', () => {
  const dev = {...values, BIND: '0.0.0.0', MOCKS_PORT: '18090', YOOKASSA_API_URL: 'http://mocks:8090/v3'}
  expect(environmentOf('payment', dev, () => true).YOOKASSA_API_URL).toBe('http://127.0.0.1:18090/v3')
})
