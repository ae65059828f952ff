// Writes what is made from the code into the documents: .env.example, the tables in docs/, and in README.md
// the exit statuses and the command reference. With --check it changes nothing and names what is stale.
// The commands come from oclif.manifest.json, so build first.
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {execa} from 'execa'
import {SETTINGS} from '../src/config/settings.ts'
import type {Setting} from '../src/config/setting.ts'
import {groups, HOW_TO_WRITE, need, settingsFile} from '../src/config/settings-file.ts'
import {PLACEHOLDER} from '../src/config/strength.ts'
import {EXIT_STATUS} from '../src/errors.ts'
import {JOBS, type Service, SERVICES} from '../src/stack/catalogue.ts'
import {FAILURES, SCRIPTS} from '../src/stubs/mocks/failures/scripts.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const ENV_HEADER = `\
# Settings of Aquastream. Made from src/config/settings.ts by \`npm run generate\`.
#
# For stage, copy this file, keep the copy private, and fill in what has no # before it:
#
#   cp .env.example .env.stage && chmod 600 .env.stage
#
# For prod, copy it to .env.prod and set AQUASTREAM_PROFILE=prod. dev needs no file.
#
${HOW_TO_WRITE}
# stage and prod refuse a secret that still reads ${PLACEHOLDER}.
#
# What begins with #NAME= is optional; the value shown is the default.
`

const CLI_ONLY = 'The `db:` commands read these; the Compose file has no such variables.'
const SETTING_HEAD = ['variable', 'what it is', 'default', 'secret', 'needed in']

const documents: Record<string, (old: string) => Promise<string>> = {
  '.env.example': async () => settingsFile(ENV_HEADER, assignment),
  'docs/configuration.md': async old => fill(old, {settings: settingsTables()}),
  'docs/infrastructure.md': async old => fill(old, {services: servicesTable(), jobs: jobsTable()}),
  'docs/mocks.md': async old => fill(old, {failures: failureTables()}),
  'README.md': async old =>
    fill(old, {'exit statuses': exitStatusTable(), commands: await commandReference()}),
}

const check = process.argv.includes('--check')
const stale = await update(check)
if (check && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}\nnpm run build && npm run generate writes them again`)
  process.exitCode = 1
}

/** Returns the files whose text is not, or was not, what the code says. */
async function update(readOnly: boolean): Promise<string[]> {
  const changed: string[] = []
  for (const [path, write] of Object.entries(documents)) {
    const old = await readFile(join(ROOT, path), 'utf8').catch(() => '')
    const text = await write(old)
    if (text === old) continue
    changed.push(path)
    if (!readOnly) await writeFile(join(ROOT, path), text)
  }
  return changed
}

/** Replaces what stands between `<!-- NAME -->` and `<!-- NAMEstop -->`, the markers that oclif uses too. */
function fill(document: string, parts: Record<string, string>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [start, stop] = [`<!-- ${name} -->`, `<!-- ${name}stop -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(stop)]
    if (from < 0 || to < from) throw new Error(`a document has no ${start} … ${stop}`)
    return `${text.slice(0, from + start.length)}\n\n${part.trim()}\n\n${text.slice(to)}`
  }, document)
}

// --- .env.example

/** What a copy needs is active, so that Compose runs with the copy; an empty name is refused as not set. */
function assignment({name, secret, neededIn, default: usual}: Setting): string {
  if (name === 'AQUASTREAM_PROFILE') return `${name}=stage`
  if (neededIn) return `${name}=${secret ? PLACEHOLDER : ''}`
  return `#${name}=${usual ?? ''}`
}

// --- tables

function settingsTables(): string {
  return groups()
    .map(group => {
      const settings = SETTINGS.filter(setting => setting.group === group)
      const heading = `### ${group[0]!.toUpperCase()}${group.slice(1)}`
      const remark = settings.every(({readBy}) => readBy === 'cli') ? [CLI_ONLY] : []
      const rows = withoutEmptyColumns(SETTING_HEAD, settings.map(settingRow))
      return [heading, ...remark, rows].join('\n\n')
    })
    .join('\n\n')
}

function settingRow(setting: Setting): string[] {
  const {name, about, default: usual, devDefault, secret} = setting
  const defaults = [code(usual), devDefault && `in dev ${code(devDefault)}`].filter(Boolean).join('; ')
  return [
    code(name),
    setting.onlyIn ? `${about}; of ${setting.onlyIn} alone` : about,
    defaults,
    secret ? 'yes' : '',
    need(setting),
  ]
}

function withoutEmptyColumns(head: string[], rows: string[][]): string {
  const filled = (_: string, column: number): boolean => rows.some(row => row[column])
  return table(
    head.filter(filled),
    rows.map(row => row.filter(filled)),
  )
}

function servicesTable(): string {
  const head = ['service', 'port', 'schema', 'image', 'needs', 'port variable', 'image variable']
  return table(head, SERVICES.map(serviceRow))
}

function serviceRow({name, ports, schema, image, needs, imageVariable}: Service): string[] {
  return [
    name,
    ports.map(({container}, index) => `${index === 0 ? '' : 'console '}${container}`).join(', '),
    schema ?? '',
    code(image),
    needs.join(', '),
    ports.map(({variable}) => code(variable)).join(', '),
    code(imageVariable),
  ]
}

function jobsTable(): string {
  return table(
    ['job', 'what it does', 'prepares'],
    JOBS.map(({name, purpose, prepares}) => [name, purpose, prepares]),
  )
}

function failureTables(): string {
  const operations = Object.entries(SCRIPTS).flatMap(([provider, scripts]) =>
    Object.entries(scripts).map(([operation, failures]) => [
      code(provider),
      code(operation),
      failures.map(code).join(' '),
    ]),
  )
  return [
    table(
      ['failure', 'what happens'],
      Object.entries(FAILURES).map(([failure, words]) => [code(failure), words]),
    ),
    table(['provider', 'operation', 'failures'], operations),
  ].join('\n\n')
}

function exitStatusTable(): string {
  return table(['status', 'meaning'], Object.entries(EXIT_STATUS))
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map(plain).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Outside of code, `<profile>` would be a tag of HTML. */
function plain(cell: string): string {
  const text = cell.startsWith('`') ? cell : cell.replaceAll('<', '&lt;')
  return text.replaceAll('|', '\\|')
}

// --- command reference

/**
 * Lets oclif write its reference for a package that has our commands and nothing else: without our help
 * class, which would repeat the exit statuses under each command, and without the plugins' commands.
 */
async function commandReference(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-readme-'))
  try {
    const pack = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {oclif: object}
    const bare = {...pack, oclif: {...pack.oclif, helpClass: undefined, plugins: []}}
    await writeFile(join(directory, 'package.json'), JSON.stringify(bare))
    const manifest = await readFile(join(ROOT, 'oclif.manifest.json'))
    await writeFile(join(directory, 'oclif.manifest.json'), manifest)
    await writeFile(join(directory, 'README.md'), '<!-- commands -->')
    await runOclifReadme(directory)
    return await readReference(join(directory, 'README.md'))
  } finally {
    await rm(directory, {recursive: true})
  }
}

async function runOclifReadme(directory: string): Promise<void> {
  const args = ['--plugin-directory', directory, '--no-aliases', '--no-source-links']
  await execa('node_modules/.bin/oclif', ['readme', ...args], {
    cwd: ROOT,
    env: {COLUMNS: '100', NO_COLOR: '1', OCLIF_SKIP_NEW_VERSION_CHECK: 'true'},
  })
}

/** Commands are headings of the second level there, and stand below such a heading here. */
async function readReference(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  return text.replace(/^<!-- commands(stop)? -->$/gm, '').replace(/^## `/gm, '### `')
}
