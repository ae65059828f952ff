import {expect, test} from 'vitest'
import {interruptionText} from '../../../../src/views/env/up.js'

test('an interruption names services, seconds and the alternative', () => {
  const services = [
    {service: 'user', seconds: 21},
    {service: 'event', seconds: null},
  ]
  expect(interruptionText({type: 'interruption', services, avoidable: true})).toBe(
    'user (about 21 s), event are interrupted until the new containers are healthy; the times are those of the last start; the swarm engine updates backends without interruption',
  )
})

test('an interruption of a data service promises no alternative', () => {
  const services = [{service: 'postgres', seconds: null}]
  expect(interruptionText({type: 'interruption', services, avoidable: false})).toBe(
    'postgres is interrupted until the new container is healthy',
  )
})
