// Generates parts of the documents from the code: .env.example, the tables in docs/, and the exit statuses and the
// command reference in README.md. With --check, changes nothing and lists the files that are out of date.
// The command reference is generated from oclif.manifest.json, so run `npm run build` first.
import {copyFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
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
import {FAILURES, SCRIPTS} from '../stubs/src/mocks/failures/scripts.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const ENV_HEADER = `\
# Settings of Aquastream, generated from src/config/settings.ts by \`npm run generate\`.
#
# For stage, copy this file, keep the copy private, and fill in the variables that have no # before them:
#
#   cp .env.example .env.stage && chmod 600 .env.stage
#
# For prod, copy it to .env.prod and set AQUASTREAM_PROFILE=prod. dev needs no file.
#
${HOW_TO_WRITE}
# stage and prod refuse a secret whose value is still ${PLACEHOLDER}.
#
# Lines that begin with #NAME= are optional; the value shown is the default.
`

const CLI_ONLY =
  'Only the `db:` and `offsite:` commands read these variables; the Compose file does not use them.'
const SETTING_HEAD = ['variable', 'description', 'default', 'secret', 'required in']

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
  console.error(`out of date: ${stale.join(', ')}\nhint: npm run build && npm run generate`)
  process.exitCode = 1
}

/** Returns the files that are out of date; writes them unless `readOnly`. */
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

/** Replaces the text between `<!-- NAME -->` and `<!-- NAMEstop -->`, the markers that oclif uses too. */
function fill(document: string, parts: Record<string, string>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [start, stop] = [`<!-- ${name} -->`, `<!-- ${name}stop -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(stop)]
    if (from < 0 || to < from) throw new Error(`missing markers: ${start} … ${stop}`)
    return `${text.slice(0, from + start.length)}\n\n${part.trim()}\n\n${text.slice(to)}`
  }, document)
}

// --- .env.example

/** Required settings are not commented out, so that Compose works with a copy; it refuses an empty value as not set. */
function assignment({name, secret, neededIn, default: standard}: Setting): string {
  if (name === 'AQUASTREAM_PROFILE') return `${name}=stage`
  if (neededIn) return `${name}=${secret ? PLACEHOLDER : ''}`
  return `#${name}=${standard ?? ''}`
}

// --- tables

function settingsTables(): string {
  return groups()
    .map(group => {
      const settings = SETTINGS.filter(setting => setting.group === group)
      const heading = `### ${group[0]!.toUpperCase()}${group.slice(1)}`
      const note = settings.every(({readBy}) => readBy === 'cli') ? [CLI_ONLY] : []
      const rows = withoutEmptyColumns(SETTING_HEAD, settings.map(settingRow))
      return [heading, ...note, rows].join('\n\n')
    })
    .join('\n\n')
}

function settingRow(setting: Setting): string[] {
  const {name, about, default: standard, devDefault, secret} = setting
  const defaults = [code(standard), devDefault && `in dev ${code(devDefault)}`].filter(Boolean).join('; ')
  return [
    code(name),
    setting.onlyIn ? `${about}; ${setting.onlyIn} only` : about,
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
    ['job', 'purpose', 'prepares'],
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
      ['failure', 'effect'],
      Object.entries(FAILURES).map(([failure, effect]) => [code(failure), effect]),
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

/** Outside of code, Markdown takes `<profile>` for an HTML tag. */
function plain(cell: string): string {
  const text = cell.startsWith('`') ? cell : cell.replaceAll('<', '&lt;')
  return text.replaceAll('|', '\\|')
}

// --- command reference

/**
 * Returns the command reference of oclif. It is generated in a copy of the package that has neither the help class,
 * which would repeat the exit statuses under each command, nor the commands of the plugins.
 */
async function commandReference(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-readme-'))
  try {
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {oclif: object}
    const bare = {...manifest, oclif: {...manifest.oclif, helpClass: undefined, plugins: []}}
    await writeFile(join(directory, 'package.json'), JSON.stringify(bare))
    await copyFile(join(ROOT, 'oclif.manifest.json'), join(directory, 'oclif.manifest.json'))
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

/** Lowers the headings of the commands by one level, because README.md has them below a heading of that level. */
async function readReference(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  return text.replace(/^<!-- commands(stop)? -->$/gm, '').replace(/^## `/gm, '### `')
}
