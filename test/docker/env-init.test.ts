import {rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {parse} from 'dotenv'
import {readFile} from 'node:fs/promises'
import fc from 'fast-check'
import {expect, test} from 'vitest'
import {quote} from '../../src/config/settings-file.js'
import {Site} from '../helpers/cli.js'
import {pasted, readWithCompose, readWithSh} from '../helpers/env-readers.js'

test('Compose reads back every quoted value unchanged', async () => {
  await using site = await Site.open()
  const path = join(site.directory, 'file')
  await fc.assert(
    fc.asyncProperty(fc.array(pasted, {minLength: 200, maxLength: 200}), async candidates => {
      const values = candidates.filter(value => quote(value) !== undefined)
      const expected = Object.fromEntries(values.map((value, index) => [`V${index}`, value]))
      await writeFile(path, values.map((value, index) => `V${index}=${quote(value)}\n`).join(''))
      expect(await readWithCompose(path, Object.keys(expected))).toEqual(expected)
    }),
    {numRuns: 10},
  )
}, 120_000)

test('dotenv, sh and Compose read the same values back', async () => {
  await using site = await Site.open()
  const path = join(site.directory, '.env.stage')
  const value = pasted.map(text => `k3y-${text}`).filter(text => quote(text) !== undefined)
  const names = ['TELEGRAM_BOT_TOKEN', 'YOOKASSA_SECRET_KEY', 'CLOUDPAYMENTS_API_SECRET', 'YOOKASSA_SHOP_ID']
  await fc.assert(
    fc.asyncProperty(fc.tuple(value, value, value, value), fc.tuple(value, value), async (secrets, ids) => {
      await rm(path, {force: true})
      const env = Object.fromEntries(names.map((name, index) => [name, secrets[index]]))
      const [bot, shop] = ids
      const set = ['--set', `TELEGRAM_BOT_USERNAME=${bot}`, '--set', `CLOUDPAYMENTS_PUBLIC_ID=${shop}`]
      const run = await site.run(['env:init', '--profile', 'stage', ...set], {env})
      expect(run).toMatchObject({exitCode: 0, stderr: ''})
      const expected = {...env, TELEGRAM_BOT_USERNAME: bot, CLOUDPAYMENTS_PUBLIC_ID: shop}
      const read = parse(await readFile(path, 'utf8'))
      expect(read).toMatchObject(expected)
      expect(await readWithSh(path, Object.keys(read))).toEqual(read)
      expect(await readWithCompose(path, Object.keys(read))).toEqual(read)
    }),
    {numRuns: 10},
  )
}, 120_000)
