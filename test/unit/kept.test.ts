import {access, mkdir, mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {homeAt} from '../../src/engines/embedded/home.js'
import {startKept} from '../../src/engines/embedded/supervisor/kept.js'
import {until} from '../helpers/embedded.js'

test('a program that ends before it is written down is heard all the same', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aquastream-test-'))
  const home = homeAt(directory, 'stack')
  await mkdir(home.records, {recursive: true})
  // Whoever writes into a pipe waits for somebody who reads.
  const slowRecord = `${home.record('quick')}.new`
  await execa('mkfifo', [slowRecord])
  const pidFile = join(directory, 'pid')
  const program = ['/bin/sh', '-c', 'echo hello; echo $$ > "$1"', 'sh', pidFile]
  const lines: string[] = []
  const starting = startKept(home, 'quick', {program, env: {}, directory, stop: 'SIGTERM'}, line =>
    lines.push(line),
  )
  await until(async () => isGone(await readFile(pidFile, 'utf8').catch(() => '')), 'the program has ended')
  await readFile(slowRecord)
  const {ended, heard} = await starting
  await heard
  await rm(directory, {recursive: true})
  expect(lines).toEqual(['hello'])
  expect(await ended).toEqual({exitCode: 0, signal: null})
})

async function isGone(pid: string): Promise<boolean> {
  return (
    pid.endsWith('\n') &&
    access(`/proc/${pid.trim()}`).then(
      () => false,
      () => true,
    )
  )
}
