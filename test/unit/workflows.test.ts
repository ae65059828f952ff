import {readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import {expect, test} from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const WORKFLOWS = readdirSync(join(ROOT, '.github/workflows'))

// A tag of an action can be moved to other code, a commit cannot. Dependabot updates the commit and its comment.
test.each(WORKFLOWS)('the actions of %s are pinned by their commits', name => {
  const used = [...read(`.github/workflows/${name}`).matchAll(/uses: (?!\.\/)(.*)/g)].map(
    ([, action]) => action!,
  )
  expect(used.filter(action => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
})

test('actionlint has one version in testbed and workflow', () => {
  const [, version] = /^readonly actionlint_version=(.*)$/m.exec(read('test/testbed/provision.sh'))!
  expect(read('.github/workflows/test.yml')).toContain(`/cmd/actionlint@${version}\n`)
})
