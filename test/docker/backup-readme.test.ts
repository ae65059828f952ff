import {rename} from 'node:fs/promises'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Block, COUNT_SESSIONS, Guide, guideBlocks, SMALL_PLATFORM} from '../helpers/guide.js'
import {StackSite} from '../helpers/stack.js'

const blocks = guideBlocks().filter(({language}) => language === 'sh')
const section = (title: RegExp): Block[] => blocks.filter(block => title.test(block.section))

/** The tests depend on each other, like the sections of the guide. */
describe('the backup guide, on a running stack', () => {
  let site: StackSite
  let guide: Guide

  beforeAll(async () => {
    site = await StackSite.open()
    await Guide.install(site)
    await site.writeStageFile({AQUASTREAM_PROFILE: 'prod'})
    await rename(join(site.directory, '.env.stage'), join(site.directory, '.env.prod'))
    guide = new Guide(site, site.directory, {
      '/srv/aquastream': site.directory,
      'aquastream-prod': site.project,
    })
    await site.succeed('env:up --profile prod')
    await sql(SMALL_PLATFORM)
    await site.succeed('db:backup --profile prod')
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('its commands restore one schema and undo the restore', async () => {
    await sql('DELETE FROM "user".sessions')
    await runAll(section(/^\d\./))
    expect(await sql(COUNT_SESSIONS)).toBe('20')
    await runAll(section(/^Undo/))
    expect(await sql(COUNT_SESSIONS)).toBe('0')
  })

  test('its commands without aquastream restore the rows', async () => {
    await runAll(section(/^Without any/).filter(({runs}) => runs === 'stack'))
    expect(await sql(COUNT_SESSIONS)).toBe('20')
    expect((await site.run('env:up --profile prod')).exitCode).toBe(0)
  })

  async function runAll(list: Block[]): Promise<void> {
    expect(list.length).toBeGreaterThan(0)
    for (const block of list) {
      const run = await guide.run(block)
      expect(run.exitCode, `${block.text}${run.stdout}${run.stderr}`).toBe(0)
    }
  }

  async function sql(text: string): Promise<string> {
    const psql = ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'aquastream']
    const {stdout} = await execa('docker', ['exec', '-i', `${site.project}-postgres-1`, ...psql], {
      input: text,
    })
    return stdout
  }
})
