import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {expect, test} from 'vitest'

const DIRECTORY = resolve(import.meta.dirname, '../../infra/backup')

// A shell hands 4096 bytes over by itself. For more it starts a process, which in a container becomes a child of
// PostgreSQL, and ends all its sessions if it dies of a closed pipe.
test.each(['backup.sh', 'restore.sh'])('no here-document of %s needs a process', name => {
  const text = readFileSync(resolve(DIRECTORY, name), 'utf8')
  const documents = [...text.matchAll(/<<'?(\w+)'?\n(.*?)^\1$/gms)].map(([, , body]) => body!)
  expect(documents.length).toBeGreaterThan(5)
  expect(documents.map(body => Buffer.byteLength(body)).filter(bytes => bytes > 4096)).toEqual([])
})
