import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {beforeEach, describe, expect, test} from 'vitest'
import {errorOf} from '../helpers/cli.js'
import {OffsiteSite, resticPrograms} from '../helpers/restic.js'

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
