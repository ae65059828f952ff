import {expect, test} from 'vitest'
import {size} from '../../src/system/text/size.js'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024 ** 2 - 1, '10 MiB'],
  [3.14 * 1024 ** 3, '3.1 GiB'],
  [2 * 1024 ** 4, '2 TiB'],
  [4096 * 1024 ** 5, '4096 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text)
})
