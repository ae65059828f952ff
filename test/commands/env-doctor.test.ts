import {chmod, mkdir, readdir, symlink} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {describe, expect, test} from 'vitest'
import type {DoctorReport} from '../../src/doctor/doctor.js'
import type {Run, Site} from '../helpers/cli.js'
import {SECRETS} from '../helpers/stack.js'
import {NO_DOCKER, NOBODY, siteWithoutDocker, whyNotAs} from './site.js'

const findings = ({stdout}: Run) => (JSON.parse(stdout) as DoctorReport).checks
const examine = async (site: Site, check: string) =>
  findings(await site.run('env:doctor --profile stage --json')).filter(finding => finding.check === check)

test('every check has a verdict, even without an engine', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  const run = await site.run('env:doctor --profile stage --json')
  expect(run.exitCode).toBe(3)
  expect(findings(run).map(({check, verdict}) => `${check} ${verdict}`)).toEqual([
    'settings ok',
    'secrets ok',
    'engine failed',
    'compose skipped',
    'node ok',
    'ports skipped',
    'project skipped',
    'disk ok',
    'state ok',
    'backups ok',
    'memory skipped',
    expect.stringMatching(/^limits (ok|skipped|warning)$/),
    'clock skipped',
    'registry skipped',
    'tools skipped',
    'compressor skipped',
    'offsite ok',
  ])
  expect(findings(run)[2]).toEqual({
    check: 'engine',
    verdict: 'failed',
    code: NO_DOCKER.code,
    message: NO_DOCKER.message,
    hint: NO_DOCKER.hint,
  })
})

test('the failed checks are summarized at the end', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  const {stdout, stderr} = await site.run('env:doctor --profile stage')
  expect(stdout).toContain(`\nfailed   engine: ${NO_DOCKER.message}\n         hint: ${NO_DOCKER.hint}\n`)
  expect(stderr).toBe(
    'error: failed checks: engine\n' +
      'hint: follow the hints, then check again: aquastream env:doctor --profile stage',
  )
})

test('settings that cannot be read are a finding', async () => {
  await using site = await siteWithoutDocker()
  await mkdir(join(site.directory, '.env.dev'))
  const run = await site.run('env:doctor --json')
  expect(run.exitCode).toBe(2)
  expect(findings(run)[0]).toMatchObject({
    check: 'settings',
    verdict: 'failed',
    message: `${join(site.directory, '.env.dev')} cannot be read: it is a directory`,
  })
})

test('rejected settings determine the exit status of env:doctor', async () => {
  await using site = await siteWithoutDocker({...SECRETS, JWT_SECRET: 'change-me', REDIS_MEMORY: 'lots'})
  const run = await site.run('env:doctor --profile stage --json')
  expect(run.exitCode).toBe(9)
  expect(findings(run).filter(({check}) => check === 'settings')).toMatchObject([
    {verdict: 'failed', message: 'JWT_SECRET is a placeholder, not a secret'},
    {verdict: 'failed', message: 'REDIS_MEMORY in the environment must be a size such as 512m or 2g'},
  ])
})

test('a malformed settings file is reported only once', async () => {
  await using site = await siteWithoutDocker()
  await site.write('.env.stage', 'hunter2\n')
  const run = await site.run('env:doctor --profile stage --json')
  expect(run.exitCode).toBe(2)
  expect(findings(run).filter(({verdict}) => verdict === 'failed')).toMatchObject([
    {check: 'settings', message: expect.stringMatching(/^line 1 of/) as string},
  ])
  expect(findings(run)).toContainEqual(
    expect.objectContaining({check: 'engine', verdict: 'skipped', message: 'not checked: see settings'}),
  )
})

test.each([
  ['others', 0o604],
  ['its group', 0o640],
])('a settings file readable by %s is a warning', async (_, mode) => {
  await using site = await siteWithoutDocker()
  const values = Object.entries(SECRETS).map(([name, value]) => `${name}=${value}\n`)
  await site.write('.env.stage', values.join(''))
  await chmod(join(site.directory, '.env.stage'), mode)
  expect(await examine(site, 'secrets')).toEqual([
    {
      check: 'secrets',
      verdict: 'warning',
      message: 'other users can read .env.stage, which contains secrets',
      hint: 'chmod 600 .env.stage',
    },
  ])
  await chmod(join(site.directory, '.env.stage'), 0o600)
  expect(await examine(site, 'secrets')).toMatchObject([{verdict: 'ok'}])
})

test('directories that other users can list are warnings', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  for (const path of ['state/aquastream', 'backups/stage']) {
    await mkdir(join(site.directory, path), {recursive: true})
    await chmod(join(site.directory, path), 0o755)
    const check = path.startsWith('state') ? 'state' : 'backups'
    expect(await examine(site, check)).toMatchObject([
      {verdict: 'warning', hint: `chmod 700 ${join(site.directory, path)}`},
    ])
  }
})

test('directories that cannot be created are failed checks', async ({skip}) => {
  const reason = await whyNotAs(NOBODY)
  skip(reason !== undefined, reason)
  await using site = await siteWithoutDocker(SECRETS)
  await chmod(site.directory, 0o555)
  const run = await site.run('env:doctor --profile stage --json', {user: NOBODY})
  const failed = findings(run).filter(({verdict}) => verdict === 'failed')
  expect(failed.map(({check, code}) => `${check} ${code}`)).toEqual([
    'engine engine-missing',
    'state state-directory',
    'backups backup-directory',
  ])
})

describe('a link to a disk that is not mounted', () => {
  const LINK = 'is a symbolic link to something that does not exist'

  test.each(['backups', 'backups/stage'])('at %s fails the check of the backups', async path => {
    await using site = await siteWithoutDocker(SECRETS)
    await mkdir(dirname(join(site.directory, path)), {recursive: true})
    await symlink('/nonexistent/disk', join(site.directory, path))
    const checks = findings(await site.run('env:doctor --profile stage --json'))
    const [backups, ...others] = checks.filter(({code}) => code === 'backup-directory')
    expect(others).toEqual([])
    expect(backups).toMatchObject({check: 'backups', verdict: 'failed'})
    expect(backups?.message).toContain(`${join(site.directory, path)} ${LINK}`)
    expect(backups?.hint).toContain(`ls -ld ${join(site.directory, path)};`)
    expect(checks.filter(({check}) => check === 'disk')).toMatchObject([
      {verdict: 'ok', message: expect.stringMatching(/^\S+ \S+ free for state$/) as string},
      {verdict: 'skipped', message: 'free space for backups not checked: see backups'},
    ])
  })

  test('fails the check of the state directory', async () => {
    await using site = await siteWithoutDocker(SECRETS)
    await symlink('/nonexistent/disk', join(site.directory, 'state'))
    expect(await examine(site, 'state')).toMatchObject([
      {
        verdict: 'failed',
        code: 'state-directory',
        message: `${join(site.directory, 'state/aquastream')} cannot be created: ${join(site.directory, 'state')} ${LINK}`,
      },
    ])
  })
})

test('a backup dated in the future is a clock warning', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  await mkdir(join(site.directory, 'backups/stage/20991231T020000Z'), {recursive: true})
  expect(await examine(site, 'clock')).toMatchObject([
    {verdict: 'warning', message: 'backup 20991231T020000Z is dated in the future'},
  ])
})

test('a server outside the stack requires local client tools', async () => {
  await using site = await siteWithoutDocker({...SECRETS, DATABASE_URL: 'postgresql://canary@example.com/db'})
  const run = await site.run('env:doctor --profile stage --json')
  expect(findings(run).find(({check}) => check === 'tools')).toMatchObject({
    check: 'tools',
    verdict: 'failed',
    code: 'tool-missing',
    message:
      'psql, pg_dump, pg_dumpall, gzip not found on this machine; required because DATABASE_URL is set',
  })
  for (const value of [...Object.values(SECRETS), 'canary']) expect(run.stdout).not.toContain(value)
})

test('servers without an off-site repository get a note', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  expect(await examine(site, 'offsite')).toEqual([
    {
      check: 'offsite',
      verdict: 'ok',
      message: 'OFFSITE_REPOSITORY is not set: backups exist on this machine only',
      hint: 'to keep an encrypted copy elsewhere, set it and OFFSITE_PASSWORD in .env.stage, then run aquastream offsite:init --profile stage',
    },
  ])
  Object.assign(site.env, {OFFSITE_REPOSITORY: '/nowhere', OFFSITE_PASSWORD: 'offsite-canary-7f3a91c4e2d8'})
  expect(await examine(site, 'offsite')).toMatchObject([{verdict: 'failed', code: 'tool-missing'}])
})

test('env:doctor does not create any files or directories', async () => {
  await using site = await siteWithoutDocker()
  const cwd = join(site.directory, 'work')
  await mkdir(cwd)
  await site.run('env:doctor --profile stage', {cwd})
  expect([await readdir(site.directory), await readdir(cwd)]).toEqual([['work'], []])
})

test('hints of checks repeat the settings file that was given', async () => {
  await using site = await siteWithoutDocker(SECRETS)
  await site.write('my.env', '')
  const run = await site.run('env:doctor --profile stage --env-file my.env --json')
  expect(findings(run).at(-1)).toMatchObject({
    check: 'offsite',
    hint: 'to keep an encrypted copy elsewhere, set it and OFFSITE_PASSWORD in my.env, then run aquastream offsite:init --env-file my.env --profile stage',
  })
})
