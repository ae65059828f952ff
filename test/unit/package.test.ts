import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {expect, test} from 'vitest'

interface Lock {
  packages: Record<string, {dev?: boolean}>
}

// The first call of npx has to download all of them: docs/decisions/2026-11-28-small-install.md.
test('an installation consists of at most 140 packages', () => {
  const path = resolve(import.meta.dirname, '../../package-lock.json')
  const {packages} = JSON.parse(readFileSync(path, 'utf8')) as Lock
  const installed = Object.keys(packages).filter(name => !packages[name]!.dev)
  expect(installed.length, installed.join('\n')).toBeLessThanOrEqual(140)
})
