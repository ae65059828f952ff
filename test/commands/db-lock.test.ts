import {type ChildProcessByStdio, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, readFile, rmdir, stat, utimes, writeFile} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join, resolve} from 'node:path'
import type {Readable} from 'node:stream'
import {describe, expect, test, vi} from 'vitest'
import {errorOf, type Site} from '../helpers/cli.js'
import {idAgo, writeSet} from '../helpers/sets.js'
import {siteWithoutDocker} from './site.js'

const HOLDER = resolve(import.meta.dirname, '../helpers/lock-holder.js')
const ROTATE = 'db:rotate --profile dev --json'

/** The age of a lock that is certainly stale: one second more than the limit. */
const OLD_MS = 6000

/** A process that takes the lock. It is ended at the end of the test. */
class Holder implements AsyncDisposable {
  private said = ''
  private readonly ended: Promise<unknown>

  private constructor(readonly process: ChildProcessByStdio<null, Readable, null>) {
    this.ended = once(process, 'close')
    process.stdout.on('data', (text: Buffer) => (this.said += text.toString()))
  }

  /** @param wrapper a program that runs it, with its arguments */
  static start(root: string, wrapper: string[] = []): Holder {
    const [program, ...args] = [...wrapper, process.execPath, HOLDER, root]
    return new Holder(spawn(program, args, {stdio: ['ignore', 'pipe', 'inherit']}))
  }

  /** Waits until it requests the lock. */
  async asks(): Promise<void> {
    while (this.said === '') await once(this.process.stdout, 'data')
  }

  /** Waits for the result: `held`, or the error. */
  async answer(): Promise<string> {
    await this.asks()
    while (this.said === 'asks\n') await once(this.process.stdout, 'data')
    return this.said.slice('asks\n'.length).trim()
  }

  /** Waits for its end and returns its whole output. */
  async last(): Promise<string> {
    await this.ended
    return this.said
  }

  /** Suspends it, and waits until the kernel reports it as stopped. */
  async stopped(): Promise<void> {
    this.process.kill('SIGSTOP')
    const stat = `/proc/${this.process.pid}/stat`
    await vi.waitFor(async () => expect(await readFile(stat, 'utf8')).toContain(') T '), {timeout: 60_000})
  }

  async killed(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.killed()
  }
}

async function siteWithBackup(): Promise<Site> {
  const site = await siteWithoutDocker()
  await writeSet(rootOf(site), idAgo(1))
  return site
}

function rootOf({directory}: Site): string {
  return join(directory, 'backups', 'dev')
}

/** Changes the age of the lock. A living holder soon updates it again. */
async function age(root: string, ms = OLD_MS): Promise<void> {
  const touched = (Date.now() - ms) / 1000
  await utimes(join(root, '.lock'), touched, touched)
}

describe.concurrent('the lock of a repository', () => {
  test('a second command names the first, its pid and start', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root)
    expect(await holder.answer()).toBe('held')
    const run = await site.run(ROTATE)
    expect(run.exitCode).toBe(8)
    const {code, message, hint} = errorOf(run)
    expect(code).toBe('busy')
    expect(message.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'TIME')).toBe(
      `${root} is in use by db:backup (pid ${holder.process.pid}) since TIME UTC`,
    )
    expect(hint).toBe(`wait until it has finished; to see the process, run ps -fp ${holder.process.pid}`)
  })

  test('commands that only read need no lock', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root)
    await holder.answer()
    expect((await site.run('db:list --profile dev')).exitCode).toBe(0)
    expect((await site.run(`${ROTATE} --dry-run`)).exitCode).toBe(0)
  })

  test('the lock of a killed command is taken over', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root)
    await holder.answer()
    await holder.killed()
    await age(root)
    expect(await site.run(ROTATE)).toMatchObject({exitCode: 0, stderr: ''})
    await expect(stat(join(root, '.lock'))).rejects.toThrow('ENOENT')
    await expect(stat(join(root, '.lock.json'))).rejects.toThrow('ENOENT')
  })

  test('a stale lock with a future time is taken over', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await mkdir(join(root, '.lock'))
    await age(root, -86_400_000)
    const pid = await deadPid()
    const holder = {pid, host: hostname(), command: 'db:backup', since: new Date().toISOString()}
    await writeFile(join(root, '.lock.json'), JSON.stringify(holder))
    expect(await site.run(ROTATE)).toMatchObject({exitCode: 0, stderr: ''})
  })

  test('only one of several waiting commands gets a stale lock', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using dead = Holder.start(root)
    await dead.answer()
    await dead.killed()
    await age(root, -60_000)
    const holders = Array.from({length: 4}, () => Holder.start(root))
    await Promise.all(holders.map(holder => holder.asks()))
    // All of them check the lock periodically, and find it stale at the same time.
    await age(root)
    const answers = await Promise.all(holders.map(holder => holder.answer()))
    await Promise.all(holders.map(holder => holder.killed()))
    expect(answers.filter(answer => answer === 'held')).toHaveLength(1)
    expect(answers.filter(answer => answer.startsWith('busy: '))).toHaveLength(3)
  })

  test('a suspended command keeps the lock it holds', async () => {
    await using site = await siteWithBackup()
    await using holder = Holder.start(rootOf(site))
    await holder.answer()
    await holder.stopped()
    await age(rootOf(site))
    const run = await site.run(ROTATE)
    expect(run.exitCode).toBe(8)
    expect(errorOf(run).message).toContain(`(pid ${holder.process.pid})`)
  })

  test('a reused pid does not keep a stale lock', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root)
    await holder.answer()
    const text = await readFile(join(root, '.lock.json'), 'utf8')
    await holder.killed()
    const {started = ''} = JSON.parse(text) as {started?: string}
    await writeFile(join(root, '.lock.json'), text.replace(/"pid":\d+/, `"pid":${process.pid}`))
    await age(root)
    expect(started).not.toBe('')
    expect(await site.run(ROTATE)).toMatchObject({exitCode: 0, stderr: ''})
  })

  test('a command that has lost its lock reports this', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root)
    await holder.answer()
    // Replaced again if the holder was just between its look at the lock and its update, which then was one of the new lock.
    const replaceLock = async (): Promise<number | null> => {
      await rmdir(join(root, '.lock'))
      await mkdir(join(root, '.lock'))
      return holder.process.exitCode
    }
    await expect.poll(replaceLock, {interval: 2500, timeout: 60_000}).toBe(0)
    expect(await holder.last()).toBe(
      `asks\nheld\nbusy: another command took the lock of ${root} while this command was suspended\n`,
    )
  })

  test.skipIf(process.getuid?.() !== 0)('a holder in another PID namespace is named', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await using holder = Holder.start(root, ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'])
    expect(await holder.answer()).toBe('held')
    const run = await site.run(ROTATE)
    expect(run.exitCode).toBe(8)
    expect(errorOf(run)).toMatchObject({
      message: expect.stringContaining('(pid 1 in another PID namespace)'),
      hint: 'wait until it has finished; to see the process in another PID namespace, run ps -fp 1',
    })
  })

  test('a lock held on another machine fails at once', async () => {
    await using site = await siteWithBackup()
    const root = rootOf(site)
    await mkdir(join(root, '.lock'))
    const since = '2026-11-23T02:00:05.000Z'
    await writeFile(
      join(root, '.lock.json'),
      JSON.stringify({pid: 7, host: 'db2', command: 'db:backup', since}),
    )
    const run = await site.run(ROTATE)
    expect(run.exitCode).toBe(8)
    expect(errorOf(run)).toMatchObject({
      message: `${root} is in use by db:backup (pid 7 on db2) since 2026-11-23 02:00:05 UTC`,
      hint: 'wait until it has finished; to see the process on db2, run ps -fp 7',
    })
  })
})

/** Returns the pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const ended = spawn('true')
  await once(ended, 'close')
  return ended.pid ?? 0
}
