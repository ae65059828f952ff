import type {ServiceRow} from '../../src/env/service-rows.js'
import {hoursAgo} from './screens.js'

/** Returns a healthy service with these properties changed. */
export function serviceRow(service: string, row: Partial<ServiceRow> = {}): ServiceRow {
  return {
    service,
    state: 'running',
    health: 'healthy',
    since: hoursAgo(3),
    restarts: 0,
    memory: null,
    image: `registry.example/aquastream/backend-${service}:1.4.2`,
    stub: false,
    url: 'http://127.0.0.1:8101',
    note: null,
    tasks: null,
    update: null,
    ...row,
  }
}
