import {readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import type {Target} from '../../src/engines/engine.js'
import {findUnusable, takenByOne} from '../../src/engines/ports.js'

const targetWith = (values: Record<string, string>) =>
  ({services: ['redis'], settings: {values: {BIND: '127.0.0.1', ...values}}}) as unknown as Target

describe('the hint for a used port', () => {
  const hintFor = (port: string, others: Record<string, string> = {}) => {
    const place = {service: 'redis', variable: 'REDIS_PORT', port}
    return takenByOne(place, undefined, targetWith({REDIS_PORT: port, ...others})).hint
  }

  test.each([
    ['6379', {}, '16379'],
    ['55535', {}, '65535'],
    ['60001', {}, '5489'],
    ['6379', {EVENT_PORT: '16379', MINIO_CONSOLE_PORT: '16380'}, '16381'],
    ['55535', {EVENT_PORT: '65535'}, '1024'],
  ])('%s with %j names one that is valid and unused', (port, others, other) => {
    expect(hintFor(port, others)).toBe(
      `stop the program that uses it, or set another port for redis: REDIS_PORT=${other}`,
    )
  })
})

test.skipIf(!reservesLowPorts())('the hint for a reserved port names no other service', async () => {
  const hints = async (others: Record<string, string>) =>
    (await findUnusable(targetWith({REDIS_PORT: '80', ...others}))).map(({hint}) => hint)
  expect(await hints({})).toEqual(['set a port from 1024 upwards for redis: REDIS_PORT=8080'])
  expect(await hints({GATEWAY_PORT: '8080'})).toEqual([
    'set a port from 1024 upwards for redis: REDIS_PORT=8081',
  ])
})

/** Tells whether only root may use the ports below 1024 here. */
function reservesLowPorts(): boolean {
  const path = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
  return process.platform === 'linux' && readFileSync(path, 'utf8').trim() === '1024'
}
