// Measures the start-up time of the CLI, compared with a minimal oclif CLI with a manifest and one command.
import {mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {compare, report} from './compare.js'

const ROUNDS = Number(process.argv[2] ?? 20)
const ROOT = resolve(import.meta.dirname, '..')

const bare = await makeBare()
try {
  const ours = run(join(ROOT, 'bin/run.js'))
  const theirs = run(join(bare, 'bin/run.js'))
  console.log(`${'median of ' + String(ROUNDS)} runs in turn`.padEnd(34), ' aquastream  bare oclif  ratio')
  report('--version', await compare(ours('--version'), theirs('--version'), ROUNDS))
  report('--help', await compare(ours('--help'), theirs('--help'), ROUNDS))
  // The flag does not exist: the command is found, loaded and parsed, but no use case is loaded.
  report(
    'a command that parses its flags',
    await compare(ours('env:up', '--nope'), theirs('hello', '--nope'), ROUNDS),
  )
} finally {
  await rm(bare, {recursive: true})
}

function run(program: string) {
  return (...args: string[]) =>
    () =>
      execa(process.execPath, [program, ...args], {reject: false, cwd: '/'})
}

/** Like the output of `oclif generate`, without its plugins. */
async function makeBare(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'bare-oclif-'))
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  for (const folder of ['bin', 'dist/commands']) await mkdir(join(directory, folder), {recursive: true})
  const manifest = {
    name: 'bare',
    files: ['dist'],
    version: '1.0.0',
    type: 'module',
    oclif: {bin: 'bare', commands: './dist/commands'},
  }
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest))
  await writeFile(
    join(directory, 'bin/run.js'),
    "import {execute} from '@oclif/core'\nawait execute({dir: import.meta.url})\n",
  )
  await writeFile(
    join(directory, 'dist/commands/hello.js'),
    `import {Command, Flags} from '@oclif/core'
export default class Hello extends Command {
  static summary = 'say hello'
  static flags = {from: Flags.string({description: 'who says it'})}
  async run() {
    await this.parse(Hello)
  }
}
`,
  )
  await execa(join(ROOT, 'node_modules/.bin/oclif'), ['manifest'], {cwd: directory})
  return directory
}
