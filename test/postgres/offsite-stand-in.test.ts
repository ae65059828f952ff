import {existsSync} from 'node:fs'
import {readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import {report} from '../helpers/backups.js'
import {errorOf} from '../helpers/cli.js'
import {descendants, killNow} from '../helpers/crash-site.js'
import {OffsiteSite, resticPrograms, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

const [directory] = [...resticPrograms().values()]

describe.skipIf(!directory)('a script in place of restic', () => {
  let site: OffsiteSite
  beforeEach(async () => {
    site = await OffsiteSite.with(directory!)
    return () => site[Symbol.asyncDispose]()
  })

  test('control sequences of a server do not reach the terminal', async () => {
    const {PATH} = await site.detour(String.raw`
      [ "$1" = version ] || { printf 'Fatal: 403 \033]0;owned\007\n' >&2; exit 1; }`)
    const run = await site.run('offsite:list', {env: {PATH}})
    expect(run.stderr).toContain(String.raw`cannot be used: 403 \x1b]0;owned\x07`)
    expect(run.stderr).not.toContain('\u001B]')
    const json = await site.run('offsite:list --json', {env: {PATH}})
    expect(errorOf(json).message).toContain('403 \u001B]0;owned\u0007')
  })

  test('a list that restic could not read is no empty repository', async () => {
    // As restic ends when the server refuses to list the snapshots.
    const {PATH} = await site.detour(`
      case "$1" in
        snapshots) echo 'could not load snapshots: 403 Forbidden' >&2; echo '[]'; exit ;;
        list) echo 'Fatal: 403 Forbidden' >&2; exit 1 ;;
      esac`)
    for (const command of ['offsite:list', 'offsite:push', 'offsite:rotate'])
      expect(errorOf(await site.run(`${command} --json`, {env: {PATH}}))).toMatchObject({
        code: 'offsite-unreachable',
        message: `the off-site repository ${site.repository} cannot be used: 403 Forbidden`,
      })
    expect(existsSync(join(site.backups, '.offsite', 'first-seen'))).toBe(false)
  })

  /** Answers every command except `version` and `list locks` with a lock of another machine. */
  const withLocks = (count: number, lock: string): Promise<{PATH: string}> =>
    site.detour(`
      count() { for n in $(seq ${count}); do printf '%064d\\n' "$n"; done; }
      case "$*" in
        version) ;;
        *"list locks"*) count; exit ;;
        *) echo "$*" >>${site.directory}/calls; printf '%s\\n' '${lock}'; exit ;;
      esac`)

  test('text in place of a lock is no bug', async () => {
    const env = await withLocks(9, '<html>')
    const run = await site.run('offsite:check --json', {env})
    expect(JSON.parse(run.stdout)).toMatchObject({locks: [], locksBefore: 0})
  })

  test('the locks of a repository that has many are counted', async () => {
    const env = await withLocks(51, '{}')
    const error = errorOf(await site.run('offsite:check --json', {env}))
    expect(error).toMatchObject({
      code: 'busy',
      message: `the off-site repository ${site.repository} has 51 locks`,
    })
    await expect(readFile(join(site.directory, 'calls'))).rejects.toThrow('ENOENT')
  })

  test('the lock of an ended process whose pid another one has is removed', async () => {
    // An exclusive lock of a process that had the pid of this test, long before the test started.
    const lock = {hostname: hostname(), username: 'root', pid: process.pid, exclusive: true}
    const ofAnother = JSON.stringify({...lock, time: '2026-01-01T00:00:00Z'})
    await site.run('offsite:check', {env: await withLocks(1, ofAnother)})
    expect(await readFile(join(site.directory, 'calls'), 'utf8')).toMatch(/^unlock$/m)
  })

  test('the lock of a process that does not renew it can be removed', async () => {
    const time = new Date(Date.now() - 40 * 60_000).toISOString()
    const lock = JSON.stringify({hostname: hostname(), username: 'root', pid: 1, exclusive: true, time})
    await site.run('offsite:check --unlock', {env: await withLocks(1, lock)})
    expect(await readFile(join(site.directory, 'calls'), 'utf8')).toMatch(/^unlock --remove-all$/m)
  })

  test('the lock of a running process is not removed', async () => {
    const lock = {hostname: hostname(), username: 'root', pid: process.pid, exclusive: true}
    const env = await withLocks(1, JSON.stringify({...lock, time: new Date().toISOString()}))
    const error = errorOf(await site.run('offsite:check --unlock --json', {env}))
    expect(error).toMatchObject({code: 'busy', exitCode: 8})
    expect(await readFile(join(site.directory, 'calls'), 'utf8')).not.toContain('unlock')
  })

  test('a push with a wrong password does not wait for Docker', async () => {
    await writeSet(site.backups, idAgo(2))
    await site.createRepository()
    const pulling = join(site.directory, 'pulling')
    const env = await site.detour(`[ "$1" = version ] || until [ -e ${pulling} ]; do sleep 0.1; done`)
    const docker = `#!/bin/sh
      case "$*" in
        version*) echo 27.0.0 ;;
        "volume ls"*) echo aquastream-dev_miniodata ;;
        pull*) echo $$ >${pulling}; exec sleep 600 ;;
      esac`
    await writeFile(join(site.directory, 'detour', 'docker'), docker, {mode: 0o755})
    const run = await site.run('offsite:push --json', {env: {...env, OFFSITE_PASSWORD: 'another-password'}})
    expect(errorOf(run)).toMatchObject({code: 'offsite-password', exitCode: 2})
    const pid = Number(await readFile(pulling, 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('a lock whose host has control characters is shown', async () => {
    const lock = String.raw`{"time":"2026-01-01T00:00:00Z","exclusive":false,"hostname":"h\u001b]0;x","username":"u\u0007","pid":1}`
    const env = await withLocks(1, lock)
    const {stdout, stderr} = await site.run('offsite:check', {env})
    expect(stderr).toContain(String.raw`u\x07@h\x1b]0;x (pid 1`)
    expect(stdout + stderr).not.toContain('\u001B')
  })

  /** Pushes a backup, removes it here, and pulls it through a script. */
  async function pullThrough(script: string) {
    const id = idAgo(2)
    const path = await writeSet(site.backups, id)
    await site.createRepository()
    await report(site, ['offsite:push'])
    await rm(path, {recursive: true})
    const env = {...(await site.detour(script)), OFFSITE_TIMEOUT: '2'}
    return site.run(`offsite:pull ${id} --json`, {env})
  }

  test.each(['ls', 'restore'])('a pull ends when %s makes no progress', async command => {
    const run = await pullThrough(`[ "$1" != ${command} ] || exec sleep 600`)
    const {code, message} = errorOf(run)
    expect({code, message}).toEqual({
      code: 'offsite-unreachable',
      message: `the off-site repository ${site.repository} made no progress for 2 s`,
    })
  })

  test('the next push deletes drafts of killed pulls', async () => {
    const [id, there] = [idAgo(2), join(site.directory, 'there')]
    const path = await writeSet(site.backups, id)
    await site.createRepository()
    await report(site, ['offsite:push'])
    await rm(path, {recursive: true})
    const env = await site.detour(`[ "$1" != restore ] || { touch ${there}; exec sleep 600; }`)
    const pull = site.start(`offsite:pull ${id}`, {env})
    await until(() => existsSync(there))
    const children = await descendants(pull.pid)
    for (const pid of [pull.pid, ...children.map(child => child.pid)]) killNow(pid)
    await pull.ended
    const drafts = async (): Promise<string[]> =>
      (await readdir(join(site.backups, '.offsite/pulls'))).filter(name => !name.startsWith('.'))
    expect(await drafts()).toEqual([id])
    await report(site, ['offsite:push'])
    expect(await drafts()).toEqual([])
  })

  test('a pull goes on while files grow', async () => {
    const run = await pullThrough(
      `[ "$1" != restore ] || for n in 1 2 3 4 5 6 7 8; do echo >"$6/SHA256SUMS"; sleep 0.5; done`,
    )
    expect(run).toMatchObject({exitCode: 0})
  })

  test('what a stalled script has started keeps nobody waiting', async () => {
    const {PATH} = await site.detour(
      `[ "$1" = version ] || { sleep 600 & echo $! >${site.directory}/pid; wait; }`,
    )
    const run = await site.run('offsite:list --json', {env: {PATH, OFFSITE_TIMEOUT: '1'}})
    expect(errorOf(run)).toMatchObject({code: 'offsite-unreachable'})
    // The script is gone, and what it has started still runs.
    const pid = Number(await readFile(join(site.directory, 'pid'), 'utf8'))
    expect(process.kill(pid, 'SIGKILL')).toBe(true)
  })
})
