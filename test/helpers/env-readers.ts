import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import fc from 'fast-check'

/** Returns variables of a settings file as `sh` reads them with `. file`. */
export async function readWithSh(path: string, names: string[]): Promise<Record<string, string>> {
  const script = `. "$FILE"; printf '%s\\0' ${names.map(name => `"$${name}"`).join(' ')}`
  const {stdout} = await execa('sh', ['-c', script], {
    env: {FILE: path, PATH: process.env.PATH},
    extendEnv: false,
  })
  const values = stdout.split('\0')
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]))
}

/** Returns the same variables as Docker Compose interpolates them. */
export async function readWithCompose(path: string, names: string[]): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  try {
    const environment = Object.fromEntries(names.map(name => [name, `\${${name}}`]))
    const file = join(directory, 'compose.json')
    await writeFile(file, JSON.stringify({services: {reader: {image: 'none', environment}}}))
    const args = ['compose', '-f', file, '--env-file', path, 'config', '--format', 'json']
    const {stdout} = await execa('docker', args, {
      env: {PATH: process.env.PATH, HOME: directory},
      extendEnv: false,
    })
    const config = JSON.parse(stdout) as {services: {reader: {environment: Record<string, string>}}}
    return Object.fromEntries(
      // The output is a Compose file again, in which $$ stands for $.
      Object.entries(config.services.reader.environment).map(([name, value]) => [
        name,
        value.replaceAll('$$', '$'),
      ]),
    )
  } finally {
    await rm(directory, {recursive: true})
  }
}

const SIGNS = Array.from(`ab1 '"$\`#\\!&;|<>(){}[]*?~=:%@^,+-./`)

/** Generates values that users may paste: tokens, text in any alphabet, and text that a reader might misinterpret. */
export const pasted = fc.oneof(
  fc.string({unit: fc.constantFrom(...SIGNS), minLength: 1}),
  fc.string({unit: 'binary', minLength: 1}),
  fc.string({unit: 'grapheme', minLength: 1}),
  fc.constantFrom(
    '${HOME}',
    '$$',
    '$(id)',
    'a #b',
    '#',
    '~',
    '\\n',
    "\\'",
    ' lead',
    'trail ',
    'export A=1',
    '=',
    '\u00a0x\u00a0',
    '\u2028x',
  ),
)
