import {access, mkdir, mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {afterEach, beforeEach, expect, test} from 'vitest'
import {
  type StackDirectory,
  stackDirectoryAt,
} from '../../src/engines/embedded/stack-directory/stack-directory.js'
import {startWithWatchdog} from '../../src/engines/embedded/supervisor/watchdog.js'
import {killNow} from '../helpers/crash-site.js'
import {processesIn, until} from '../helpers/embedded.js'

const BUILT = resolve(import.meta.dirname, '../../dist/engines/embedded')

let directory: string
let stackDirectory: StackDirectory
/** A named pipe in place of the record: recording the process waits until the test reads from it. */
let slowRecord: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  stackDirectory = stackDirectoryAt(directory, 'stack')
  slowRecord = `${stackDirectory.record('quick')}.new`
  await mkdir(stackDirectory.records, {recursive: true})
  await execa('mkfifo', [slowRecord])
})
afterEach(async () => rm(directory, {recursive: true}))

test('the output of a short-lived program is complete', async () => {
  const lines: string[] = []
  const program = ['/bin/sh', '-c', 'echo hello']
  const starting = startWithWatchdog(
    {stackDirectory, service: 'quick'},
    {program, env: {}, directory, stop: 'SIGTERM'},
    line => lines.push(line),
  )
  expect(JSON.parse(await readFile(slowRecord, 'utf8'))).toMatchObject({stop: 'SIGTERM'})
  const {ended, drained} = await starting
  await drained
  expect(await ended).toEqual({exitCode: 0, signal: null})
  expect(lines).toEqual(['hello'])
})

test('a program whose pid was not recorded does not run', async () => {
  const marker = join(directory, 'it-ran')
  const run = {
    program: ['/bin/sh', '-c', ': >"$1"; sleep 60', 'sh', marker],
    env: {},
    directory,
    stop: 'SIGTERM',
  }
  const script = `
    const {startWithWatchdog} = await import(${JSON.stringify(join(BUILT, 'supervisor/watchdog.js'))})
    const {stackDirectoryAt} = await import(${JSON.stringify(join(BUILT, 'stack-directory/stack-directory.js'))})
    await startWithWatchdog({stackDirectory: stackDirectoryAt(${JSON.stringify(directory)}, 'stack'), service: 'quick'}, ${JSON.stringify(run)}, () => undefined)`
  const starter = execa(process.execPath, ['--input-type=module', '-e', script], {reject: false})
  // The process that starts the program, and the shell that waits for its record.
  await until(async () => (await processesIn(directory)).length === 2, 'the shell waits')
  killNow(starter.pid!)
  await starter
  await until(async () => (await processesIn(directory)).length === 0, 'the shell has ended')
  await expect(access(marker)).rejects.toThrow('ENOENT')
})
