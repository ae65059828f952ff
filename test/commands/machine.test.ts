import {chmod, mkdir, readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {NO_DOCKER, NOBODY, siteWithoutDocker, whyNotAs} from './site.js'

test.each([
  'env:up --engine compose',
  'env:down --profile stage',
  'env:status --watch --profile prod',
  'logs --follow user --profile stage',
])('%s without Docker shows how to install it', async words => {
  await using site = await siteWithoutDocker()
  const {exitCode, stdout, stderr} = await site.run(words)
  expect({exitCode, stdout}).toEqual({exitCode: 3, stdout: ''})
  expect(stderr.replace(/^check: .*\n/, '')).toBe(`error: ${NO_DOCKER.message}\nhint: ${NO_DOCKER.hint}`)
})

test.each(['env:down', 'env:status', 'logs'])(
  '%s of stage without Docker prints one JSON object',
  async words => {
    await using site = await siteWithoutDocker()
    const run = await site.run(`${words} --profile stage --json`)
    expect(run.exitCode).toBe(3)
    expect(JSON.parse(run.stdout)).toEqual({error: NO_DOCKER})
  },
)

test('a read-only working directory is sufficient for a start', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  await using home = await siteWithoutDocker()
  await chmod(home.directory, 0o777)
  await chmod(site.directory, 0o555)
  const env = {HOME: home.directory, XDG_STATE_HOME: join(home.directory, 'state')}
  const run = await site.run('env:up --engine compose --profile dev --json', {user: NOBODY, env})
  expect(errorOf(run)).toEqual(NO_DOCKER)
})

test('no command leaves files in the working directory', async () => {
  await using site = await siteWithoutDocker()
  const cwd = join(site.directory, 'work')
  await mkdir(cwd)
  const commands = [
    '',
    '--help',
    '--version',
    'nope',
    'logs',
    'env:status',
    'env:down',
    'env:up --engine compose --json',
  ]
  await Promise.all([...commands, 'env:up --profile stage'].map(words => site.run(words, {cwd})))
  expect(await readdir(cwd)).toEqual([])
})
