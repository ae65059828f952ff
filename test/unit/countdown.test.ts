import {afterEach, beforeEach, expect, test, vi} from 'vitest'
import {Countdown} from '../../src/env/wait.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('each service has the whole time for itself', () => {
  const countdown = new Countdown(1000)
  vi.advanceTimersByTime(900)
  countdown.begin()
  vi.advanceTimersByTime(900)
  expect(countdown.signal.aborted).toBe(false)
  vi.advanceTimersByTime(100)
  expect(countdown.signal.aborted).toBe(true)
})

test('time that Swarm needs anyway is added', () => {
  const countdown = new Countdown(1000)
  countdown.begin(5000)
  vi.advanceTimersByTime(5900)
  expect(countdown.signal.aborted).toBe(false)
  countdown.end()
  countdown.begin()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(5900)
  expect(countdown.signal.aborted).toBe(false)
})
