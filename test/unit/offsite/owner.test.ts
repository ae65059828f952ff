import {expect, test} from 'vitest'
import {requireOwn} from '../../../src/offsite/restic/snapshots.js'

const owner = {project: 'aquastream', profile: 'prod'}

test.each([
  [{project: 'aquastream', profile: 'stage'}, 'profile stage of project aquastream, not to profile prod'],
  [{project: 'another', profile: 'prod'}, 'project another, not to aquastream'],
])('a repository of %o is refused by name', (other, belongs) => {
  const check = (): void => requireOwn({ours: [], owner, others: [other]}, {name: '/srv/a'})
  expect(check).toThrow(`the off-site repository /srv/a belongs to ${belongs}`)
})
