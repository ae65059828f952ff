import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import {accessTable} from '../../../../src/views/env/access.js'

test('each service for users has an address and a login', () => {
  const access = [
    {
      service: 'gateway',
      address: 'http://127.0.0.1:8080/docs',
      user: 'test',
      password: 'test',
      source: null,
    },
    {service: 'mocks', address: 'http://127.0.0.1:8090', user: null, password: null, source: null},
    {
      service: 'postgres',
      address: '127.0.0.1:5432/aquastream',
      user: 'aquastream',
      password: 'POSTGRES_PASSWORD',
      source: '/home/you/.local/state/aquastream/dev.env',
    },
  ]
  expect(screens(() => accessTable(access))).toMatchInlineSnapshot(`
    "=== 80 columns
    LOG IN TO  ADDRESS                     USER        PASSWORD
    gateway    http://127.0.0.1:8080/docs  test        test
    mocks      http://127.0.0.1:8090       -           -
    postgres   127.0.0.1:5432/aquastream   aquastream  POSTGRES_PASSWORD
    === 40 columns
    LOG IN TO  ADDRESS
    gateway    http://127.0.0.1:8080/docs
    mocks      http://127.0.0.1:8090
    postgres   127.0.0.1:5432/aquastream"
  `)
})
