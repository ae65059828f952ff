import {expect, test} from 'vitest'
import {unhealthySince} from '../../src/engines/compose/containers/health.js'
import type {Container} from '../../src/engines/compose/containers/states.js'

/** The settings of the health checks, in ms. */
const CHECK = {interval: 10_000, timeout: 5000, startPeriod: 60_000}
const STARTED = Date.parse('2026-11-29T12:00:00Z')

/**
 * A container whose checks take these times, in ms; the first starts at a time after the start of the container. Of the
 * checks, the first ones succeed. As Docker Engine, keeps the last five, and does not count those of the start period
 * until one has succeeded.
 */
function containerOf(durations: number[], {first, successes = 0}: {first: number; successes?: number}) {
  let at = STARTED + first
  const checks = durations.map((duration, index) => {
    const Start = new Date(at).toISOString()
    const counts = successes > 0 || at - STARTED >= CHECK.startPeriod
    at += duration + CHECK.interval
    return {Start, ExitCode: index < successes ? 0 : 1, Output: '', counts}
  })
  const failed = checks.slice(successes).filter(({counts}) => counts)
  const {interval, timeout, startPeriod} = CHECK
  const container = {
    Config: {Healthcheck: {Interval: interval * 1e6, Timeout: timeout * 1e6, StartPeriod: startPeriod * 1e6}},
    State: {
      Status: 'running',
      StartedAt: new Date(STARTED).toISOString(),
      Health: {Status: 'unhealthy', FailingStreak: failed.length, Log: checks.slice(-5)},
    },
  }
  return {container: container as unknown as Container, since: failed[0]!.Start}
}

function times(count: number, duration: number): number[] {
  return Array.from({length: count}, () => duration)
}

test.each([
  ['slow at first', [...times(12, 4000), ...times(28, 20)]],
  ['quick at first', [...times(28, 20), ...times(12, 4000)]],
  ['always quick', times(40, 20)],
  ['always slow', times(40, 5000)],
  ['few', times(3, 5000)],
])('a migration is not interrupted by checks that are %s', (_, durations) => {
  // After the last check of the start period.
  const {container} = containerOf([20, ...durations], {first: CHECK.startPeriod - 5})
  expect(container.State.Health!.FailingStreak).toBe(durations.length)
  expect(unhealthySince(container)).toBeUndefined()
})

test.each([
  ['in the start period', times(20, 20), {first: 1000, successes: 2}],
  ['long after its start', times(200, 20), {first: 1000, successes: 160}],
  ['a moment ago', times(20, 20), {first: 200_000, successes: 16}],
])('a service that was healthy is restarted: %s', (_, durations, options) => {
  const {container, since} = containerOf(durations, options)
  expect(unhealthySince(container)).toBe(since)
})
