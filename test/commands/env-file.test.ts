import {chmod, mkdir, open, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {describe, expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {BIN, inShell, NO_DOCKER, NOBODY, problemsOf, siteWithoutDocker, whyNotAs} from './site.js'

const MALFORMED_HINT =
  "write one NAME=value per line; put a value with $, #, quotes or spaces in 'single quotes'"

test.each([
  ['no assignment', {text: 'BIND=127.0.0.1\n\nhunter2 is it\n', line: 3}],
  ['a quote never closed', {text: 'POSTGRES_PASSWORD="hunter2\nBIND=127.0.0.1\n', line: 1}],
])('%s in .env.dev is named by its line', async (_, {text, line}) => {
  await using site = await siteWithoutDocker()
  await site.write('.env.dev', text)
  const run = await site.run('env:up --engine compose --profile dev --json')
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toEqual({
    code: 'settings-invalid',
    exitCode: 2,
    message: `line ${line} of ${join(site.directory, '.env.dev')} is not a valid NAME=value assignment`,
    hint: MALFORMED_HINT,
  })
  expect(run.stdout + run.stderr).not.toContain('hunter2')
})

test('a file that is not text is rejected', async () => {
  await using site = await siteWithoutDocker()
  const path = join(site.directory, '.env.stage')
  await writeFile(path, Buffer.from('POSTGRES_PASSWORD=\xff\xfe\n', 'latin1'))
  const run = await site.run('env:up --profile stage')
  expect(run).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: ${path} is not valid UTF-8 text\nhint: check the type of the file: file ${path}`,
  })
})

test('a directory in place of the file is reported', async () => {
  await using site = await siteWithoutDocker()
  const path = join(site.directory, '.env.stage')
  await mkdir(path)
  const run = await site.run('env:up --profile stage')
  expect(run).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: ${path} cannot be read: it is a directory\nhint: check its type and permissions: ls -l ${path}`,
  })
})

test('commands in hints quote a path with spaces', async () => {
  await using site = await siteWithoutDocker()
  const path = join(site.directory, 'my files')
  await mkdir(path)
  const run = await site.run(['env:status', '--env-file', 'my files', '--json'])
  expect(errorOf(run).hint).toBe(`check its type and permissions: ls -l '${path}'`)
})

test("another user's private file is rejected, not skipped", async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker()
  const path = join(site.directory, '.env.stage')
  await writeFile(path, 'POSTGRES_PASSWORD=x\n', {mode: 0o600})
  await chmod(site.directory, 0o755)
  const run = await site.run('env:up --profile stage --json', {user: NOBODY})
  expect(run.exitCode).toBe(2)
  expect(errorOf(run)).toMatchObject({
    code: 'settings-unreadable',
    message: `${path} cannot be read: permission denied`,
    hint: `check its type and permissions: ls -l ${path}`,
  })
})

test('line endings of Windows are not part of values', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', 'REDIS_MEMORY=512m\r\n# BIND=here\r\n\r\nBIND="127.0.0.1"\r\nREDIS_PORT=7000\r\n')
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
})

test('a byte order mark hides no variable', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', '\ufeffBIND=here\n')
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([
    'BIND in .env must be an IPv4 address',
  ])
})

test('export, spaces, quotes and comments are supported', async () => {
  await using site = await siteWithoutDocker()
  await site.write(
    '.env',
    '  # BIND=here\nexport REDIS_MEMORY=512m # enough\n MINIO_MEMORY = \'1g\'\nPOSTGRES_MEMORY="2g" # more\n',
  )
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
})

test('other variables in .env may have any syntax', async () => {
  await using site = await siteWithoutDocker()
  await site.write(
    '.env',
    'URL=http://x/$PATH\nKEY="-----BEGIN KEY-----\nabc\n-----END KEY-----"\nREDIS_PORT=no\n',
  )
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([
    'REDIS_PORT in .env must be a port number, 1 to 65535',
  ])
  expect((await site.run('env:down --profile dev')).exitCode).toBe(0)
})

test('a password with # is not silently truncated', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', 'POSTGRES_PASSWORD=abcdefghijkl#mnop\n')
  const {stderr} = await site.run('env:up --engine compose --profile dev')
  expect(stderr).toContain('error: line 1 of')
  expect(stderr).not.toContain('abcdefghijkl')
})

test('a misspelt name gets a suggestion without the value', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', 'POSTGRES_PASWORD=hunter2-hunter2\nVITE_API_URL=http://localhost\n')
  const {exitCode, stdout, stderr} = await site.run('env:up --engine compose --profile dev')
  expect({exitCode, stdout}).toEqual({exitCode: 3, stdout: ''})
  expect(stderr.split('\n')).toEqual([
    'note: unused variable in .env: POSTGRES_PASWORD; did you mean POSTGRES_PASSWORD?',
    'check: engine, settings, ports, disk',
    `error: ${NO_DOCKER.message}`,
    `hint: ${NO_DOCKER.hint}`,
  ])
})

describe('a file of another profile is refused', () => {
  test.each([
    'env:up --engine compose',
    'env:config',
    'env:status',
    'env:down',
    'logs',
    'db:list',
    'db:backup',
  ])('by %s', async words => {
    await using site = await siteWithoutDocker()
    await site.write('.env.dev', 'AQUASTREAM_PROFILE=prod\n')
    const run = await site.run(`${words} --profile dev --json`)
    expect(run.exitCode).toBe(2)
    expect(errorOf(run)).toEqual({
      code: 'settings-invalid',
      exitCode: 2,
      message: '.env.dev is for the profile prod, not for dev',
      hint: 'use --profile prod, or correct AQUASTREAM_PROFILE in the file',
    })
  })

  // The server of the file would otherwise get the backups of the default profile.
  test('given by --env-file', async () => {
    await using site = await siteWithoutDocker()
    await site.write('mine.env', 'AQUASTREAM_PROFILE=prod\nDATABASE_URL=postgres://127.0.0.1:1/aquastream\n')
    const run = await site.run('db:restore --schema user --env-file mine.env --json')
    expect(errorOf(run).message).toBe('mine.env is for the profile prod, not for dev')
  })
})

test.each([
  ['the environment', 'every file', 'here', '--env-file mine.env'],
  ['mine.env', '.env.<profile>', undefined, '--env-file mine.env'],
  ['.env.dev', '.env', undefined, ''],
  ['.env.dev', 'an empty variable', '', ''],
])('%s takes precedence over %s', async (source, _, BIND, flag) => {
  await using site = await siteWithoutDocker({BIND})
  for (const name of ['mine.env', '.env.dev', '.env']) await site.write(name, 'BIND=there\n')
  const run = await site.run(`env:up --engine compose --profile dev --json ${flag}`)
  expect(problemsOf(run)).toEqual([`BIND in ${source} must be an IPv4 address`])
})

test('.env is sufficient if .env.dev does not exist', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env', 'BIND=there\n')
  expect(problemsOf(await site.run('env:up --engine compose --json'))).toEqual([
    'BIND in .env must be an IPv4 address',
  ])
})

test('an empty variable is set by the next file', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.dev', 'BIND=\n')
  await site.write('.env', 'BIND=there\n')
  expect(problemsOf(await site.run('env:up --engine compose --json'))).toEqual([
    'BIND in .env must be an IPv4 address',
  ])
})

// The script is run directly: with `node bin/run.js`, Node would interpret --env-file itself (nodejs/node#54232).
test.each([
  ['--env-file nope.env', 'error: nope.env does not exist\nhint: specify the settings file: --env-file PATH'],
  ['--env-file=.', /^error: \S+ cannot be read: it is a directory\n/],
  ['--env-file mine.env', `error: ${NO_DOCKER.message}`],
])('Node does not interpret %s itself', async (flag, said) => {
  await using site = await siteWithoutDocker()
  await mkdir(join(site.directory, 'bin'))
  await symlink(process.execPath, join(site.directory, 'bin', 'node'))
  await site.write('mine.env', 'NODE_OPTIONS=--require=/nonexistent.cjs\n')
  const {stderr} = await execa(
    BIN,
    ['env:up', '--engine', 'compose', '--profile', 'dev', ...flag.split(' ')],
    {
      cwd: site.directory,
      env: {...site.env, PATH: join(site.directory, 'bin')},
      extendEnv: false,
      reject: false,
    },
  )
  expect(stderr).toMatch(said)
})

test('--env-file may be a pipe', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(
    site,
    'echo BIND=there | aquastream env:up --engine compose --profile dev --env-file /dev/stdin --json',
  )
  expect(problemsOf(run)).toEqual(['BIND in /dev/stdin must be an IPv4 address'])
})

test('a pipe whose writer starts later is read completely', async () => {
  await using site = await siteWithoutDocker()
  const run = await inShell(
    site,
    'mkfifo p; { sleep 0.5; echo BIND=there; } >p & aquastream env:up --engine compose --profile dev --env-file p --json',
  )
  expect(problemsOf(run)).toEqual(['BIND in p must be an IPv4 address'])
})

test.each([
  ['.env', ''],
  ['.env.dev', ''],
  ['mine.env', ' --env-file mine.env'],
])('%s that is a pipe without a writer is rejected', async (name, flag) => {
  await using site = await siteWithoutDocker()
  await execa('mkfifo', [join(site.directory, name)])
  const run = await site.run(`env:status --profile dev --json${flag}`)
  expect(errorOf(run)).toEqual({
    code: 'settings-unreadable',
    exitCode: 2,
    message: `${join(site.directory, name)} cannot be read: it is a pipe, and no program writes to it`,
    hint: 'first start the program that writes to the pipe, or specify a regular file',
  })
})

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s ends the wait for a silent writer of a pipe', async (signal, exitCode) => {
  await using site = await siteWithoutDocker()
  const path = join(site.directory, '.env')
  await execa('mkfifo', [path])
  const running = site.start('db:list --profile dev')
  // The pipe can be opened for writing as soon as the command reads it.
  await using writer = await open(path, 'w')
  running.kill(signal)
  expect(await running.ended).toEqual({
    exitCode,
    stdout: '',
    stderr: 'error: interrupted\nhint: run the command again',
  })
  expect(writer.fd).toBeGreaterThan(0)
})

test('a file without an end is rejected', async () => {
  await using site = await siteWithoutDocker()
  const run = await site.run('env:status --profile dev --env-file /dev/zero --json')
  expect(errorOf(run)).toMatchObject({exitCode: 2, message: '/dev/zero cannot be read: it is too large'})
})

test('a directory named .env is ignored', async () => {
  await using site = await siteWithoutDocker()
  await mkdir(join(site.directory, '.env'))
  expect(problemsOf(await site.run('env:up --engine compose --profile dev --json'))).toEqual([])
  const named = await site.run('env:status --profile dev --env-file .env --json')
  expect(errorOf(named)).toMatchObject({code: 'settings-unreadable', exitCode: 2})
})

test('a variable that is set twice gets a warning with both lines', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.dev', 'BACKUP_DIR=a\nBIND=127.0.0.1\n# BACKUP_DIR=b\nexport BACKUP_DIR=c\n')
  await site.write('mine.env', 'BIND=1\nBIND=2\nBIND=127.0.0.1\n')
  const {stdout, stderr} = await site.run('db:list --profile dev --json --env-file mine.env')
  expect(JSON.parse(stdout)).toMatchObject({directory: join(site.directory, 'c', 'dev')})
  expect(stderr.split('\n').filter(line => line.startsWith('warning: '))).toEqual([
    'warning: mine.env sets BIND on lines 1, 2 and 3; only line 3 takes effect',
    'warning: .env.dev sets BACKUP_DIR on lines 1 and 4; only line 4 takes effect',
  ])
})
