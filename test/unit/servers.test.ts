import {describe, expect, test} from 'vitest'
import {assess} from '../../src/doctor/servers.js'

describe('the servers of a Swarm', () => {
  test('an engine without a Swarm has no finding', () => {
    expect(assess([])).toEqual([])
  })

  test('servers that answer are fine', () => {
    expect(assess([server('a'), server('b', {isManager: false})])).toMatchObject([
      {verdict: 'ok', message: 'all 2 servers answer'},
    ])
  })

  test.each([
    ['a server that is down', server('b', {isManager: false, isReady: false}), 'b does not answer'],
    ['another version', server('b', {isManager: false, version: '27.0'}), 'a 26.1, b 27.0'],
    ['a second manager', server('b'), 'a and b are two managers'],
  ])('a warning names %s', (_, other, message) => {
    expect(assess([server('a'), other])).toMatchObject([
      {verdict: 'warning', message: expect.stringContaining(message) as unknown},
    ])
  })
})

function server(name: string, {isManager = true, isReady = true, version = '26.1'} = {}) {
  return {name, version, isReady, isManager}
}
