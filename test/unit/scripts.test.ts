import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import {expect, test} from 'vitest'

const DIRECTORY = resolve(import.meta.dirname, '../../infra/backup')

// A shell passes a here-document of up to 4096 bytes directly, and starts a process for a longer one. In a container,
// that process becomes a child of PostgreSQL, which terminates all sessions if SIGPIPE ends it.
test.each(['backup.sh', 'restore.sh'])('no here-document of %s needs a separate process', name => {
  const text = readFileSync(resolve(DIRECTORY, name), 'utf8')
  const documents = [...text.matchAll(/<<'?(\w+)'?\n(.*?)^\1$/gms)].map(([, , body]) => body!)
  expect(documents.length).toBeGreaterThan(5)
  expect(documents.map(body => Buffer.byteLength(body)).filter(bytes => bytes > 4096)).toEqual([])
})
