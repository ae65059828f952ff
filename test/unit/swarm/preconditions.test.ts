import {expect, test} from 'vitest'
import type {Target} from '../../../src/engines/engine.js'
import {networksSchema} from '../../../src/engines/swarm/objects.js'
import {findEncryptionProblems, findNameProblems} from '../../../src/engines/swarm/preconditions.js'

test('a project name that is too long for a secret is refused before the start', () => {
  expect(findNameProblems(target('a'.repeat(26)))).toEqual([])
  const [problem] = findNameProblems(target('a'.repeat(27)))
  expect(problem).toMatchObject({
    code: 'settings-invalid',
    hint: 'set AQUASTREAM_PROJECT to at most 26 characters',
  })
})

test.each([
  [{}, 'no', false],
  [{}, 'yes', true],
  [{encrypted: ''}, 'yes', false],
  [{encrypted: ''}, 'no', true],
  [null, undefined, false],
])('a change of encryption needs env:down first: %o, %s', (options, wanted, isRefused) => {
  const networks = networksSchema.parse([{Id: 'n', Name: 'p_net', Options: options}])
  const values = wanted === undefined ? {} : {AQUASTREAM_SWARM_ENCRYPTED: wanted}
  const problems = findEncryptionProblems(target('p', values), networks)
  expect(problems.map(({hint}) => hint.includes('env:down'))).toEqual(isRefused ? [true] : [])
  expect(findEncryptionProblems(target('p', values), [])).toEqual([])
})

function target(project: string, values: Record<string, string> = {}): Target {
  return {settings: {project, profile: 'prod', values}} as unknown as Target
}
