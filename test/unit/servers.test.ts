import {describe, expect, test} from 'vitest'
import {assess} from '../../src/doctor/servers.js'

describe('the servers of a Swarm', () => {
  test('an engine without a Swarm has no finding', () => {
    expect(assess([])).toEqual([])
  })

  test('servers that answer are fine', () => {
    expect(assess([server('a'), server('b', {isManager: false})])).toMatchObject([
      {verdict: 'ok', message: 'all 2 nodes answer'},
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

  test.each([
    [{isManager: false}, 'docker node rm --force b', 'demote'],
    [{}, 'docker node demote b, then docker node rm --force b', 'holds the data'],
    [{holdsData: true}, 'it holds the data', 'docker node rm'],
  ])('a server that is down is not removed lightly: %o', (options, expected, unwanted) => {
    const [answer] = assess([server('a'), server('b', {...options, isReady: false})])
    expect(answer?.hint).toContain(expected)
    expect(answer?.hint).not.toContain(unwanted)
  })
})

function server(name: string, {isManager = true, isReady = true, version = '26.1', holdsData = false} = {}) {
  return {name, version, isReady, isManager, holdsData}
}
