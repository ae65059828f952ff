import {chmod, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {execa} from 'execa'
import type {Run} from './cli.js'
import type {StackSite} from './stack.js'

/** A module that records the names of the settings files that a process reads. */
const PRELOAD = `
import {appendFileSync} from 'node:fs'
import files from 'node:fs/promises'
import {syncBuiltinESMExports} from 'node:module'
import {basename} from 'node:path'
const {open} = files
files.open = (path, ...options) => {
  const name = basename(String(path))
  if (name.startsWith('.env')) appendFileSync(process.env.LOOKUPS, 'read ' + name + '\\n')
  return open(path, ...options)
}
syncBuiltinESMExports()
`

/** Runs the CLI, and also returns the settings files that it read and the docker commands that it ran. */
export async function runCounted(site: StackSite, words: string): Promise<Run & {lookups: string[]}> {
  const path = (name: string): string => join(site.directory, name)
  const {stdout: docker} = await execa('sh', ['-c', 'command -v docker'])
  await site.write('preload.mjs', PRELOAD)
  await site.write('docker', `#!/bin/sh\nprintf 'docker %s\\n' "$*" >>"$LOOKUPS"\nexec ${docker} "$@"\n`)
  await chmod(path('docker'), 0o755)
  const run = await site.run(words, {
    env: {
      // The profile is that of the running stack.
      AQUASTREAM_PROFILE: '',
      LOOKUPS: path('lookups'),
      NODE_OPTIONS: `--import ${pathToFileURL(path('preload.mjs')).href}`,
      PATH: `${site.directory}:${process.env.PATH}`,
    },
  })
  return {...run, lookups: (await readFile(path('lookups'), 'utf8')).split('\n').filter(Boolean)}
}
