import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {SETTINGS} from '../../src/config/settings.js'
import {EXIT_STATUS} from '../../src/errors.js'
import {SERVICES} from '../../src/stack/catalogue.js'

const ROOT = resolve(import.meta.dirname, '../..')
const DOCUMENTS = ['.', 'docs', 'docs/decisions', 'infra/backup'].flatMap(directory =>
  readdirSync(join(ROOT, directory))
    .filter(name => name.endsWith('.md'))
    .map(name => join(directory, name)),
)
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const compose = read('infra/compose/docker-compose.yml')
const COMPOSED = SETTINGS.filter(({readBy}) => readBy !== 'cli')

test('generated documents are up to date', async () => {
  const options = {cwd: ROOT, reject: false}
  const {exitCode, stderr} = await execa('node_modules/.bin/tsx', ['scripts/generate.ts', '--check'], options)
  expect(exitCode, stderr).toBe(0)
}, 60_000)

test('Compose and the CLI read the same variables', () => {
  const used = [...compose.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name)
  expect([...new Set(used)].sort()).toEqual(COMPOSED.map(({name}) => name).sort())
})

test('every variable has one default in Compose and CLI', () => {
  const found = [...compose.matchAll(/(?<!\$)\$\{(\w+):-([^${}]*)\}/g)].map(
    ([, name, text]) => `${name}=${text}`,
  )
  // The default project name contains the profile, and required settings have no default.
  const plain = COMPOSED.filter(
    ({name, neededIn}) => !/^AQUASTREAM_|_IMAGE$/.test(name) && !neededIn?.includes('dev'),
  )
  const expected = plain.map(({name, default: usual}) => `${name}=${usual ?? ''}`)
  expect([...new Set(found)].sort()).toEqual(expected.sort())
})

test('every image has one name in Compose and CLI', () => {
  const pattern = /\$\{(\w+_IMAGE):-\$\{IMAGE_PREFIX:-\}([^\s$}]+?)(?::\$\{BACKEND_VERSION:-\w+\})?\}/g
  const found = [...compose.matchAll(pattern)].map(([, variable, image]) => `${variable}=${image}`)
  const expected = SERVICES.map(({imageVariable, image}) => `${imageVariable}=${image}`)
  expect([...new Set(found)].sort()).toEqual(expected.sort())
})

test('every local link in the documents has a target', () => {
  const broken = DOCUMENTS.flatMap(path =>
    [...read(path).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target!)
      .filter(target => !existsSync(resolve(ROOT, path, '..', target)))
      .map(target => `${path}: ${target}`),
  )
  expect(broken).toEqual([])
})

test.each(['README.md', 'infra/backup/README.md'])('every command that %s shows is valid', path => {
  const shown = commandsIn(path)
  expect(shown.length).toBeGreaterThan(10)
  expect(shown.flatMap(mistakesIn)).toEqual([])
})

test('the Russian README shows the same commands', () => {
  expect(commandsIn('README.ru.md')).toEqual(commandsIn('README.md'))
})

test('the Russian README lists every exit status', () => {
  const listed = [...read('README.ru.md').matchAll(/^\| (\d+) \|/gm)].map(([, status]) => status)
  expect(listed).toEqual(Object.keys(EXIT_STATUS))
})

test('every make target that README shows exists', () => {
  const targets = read('Makefile') + read('make/Makefile')
  const shown = [...read('README.md').matchAll(/(?<=^|`)make ([a-z][a-z-]+)/gm)].map(([, target]) => target!)
  expect(shown.filter(target => !new RegExp(`^${target}:`, 'm').test(targets))).toEqual([])
})

/** Returns the aquastream commands in the shell blocks, without comments and redirections. */
function commandsIn(path: string): string[] {
  const blocks = [...read(path).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
  return blocks
    .flatMap(block => block.split('\n'))
    .flatMap(line => /^(?:\w+=\S+ )*(?:npx )?(aquastream [^#>]*)/.exec(line)?.[1]?.trim() ?? [])
}

interface Manifest {
  commands: Record<string, {flags: Record<string, {char?: string; allowNo?: boolean}>}>
}

function mistakesIn(line: string): string[] {
  const [, id = '', ...words] = line.split(/\s+/)
  const command = manifest().commands[id]
  if (!command) return [`${line}: unknown command ${id}`]
  const known = Object.entries(command.flags).flatMap(([name, {char, allowNo}]) => [
    `--${name}`,
    ...(char ? [`-${char}`] : []),
    ...(allowNo ? [`--no-${name}`] : []),
  ])
  const flags = words.filter(word => word.startsWith('-')).map(word => word.replace(/=.*/, ''))
  return flags.filter(flag => !known.includes(flag)).map(flag => `${line}: unknown flag ${flag}`)
}

/** Returns our commands and those of the plugins of oclif. */
function manifest(): Manifest {
  const {oclif} = JSON.parse(read('package.json')) as {oclif: {plugins: string[]}}
  const paths = ['.', ...oclif.plugins.map(name => `node_modules/${name}`)].map(
    path => `${path}/oclif.manifest.json`,
  )
  const manifests = paths
    .filter(path => existsSync(join(ROOT, path)))
    .map(path => JSON.parse(read(path)) as Manifest)
  return {commands: Object.assign({}, ...manifests.map(({commands}) => commands)) as Manifest['commands']}
}
