import {execFileSync} from 'node:child_process'
import {mkdir, writeFile} from 'node:fs/promises'
import {basename, delimiter, join} from 'node:path'

/** Returns the path of a program; undefined if this machine does not have it. */
export function pathOf(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], {encoding: 'utf8'}).trim()
  } catch {
    return undefined
  }
}

/** The shells of this machine in which the scripts must work. */
export const SHELLS = ['dash', 'busybox ash'].filter(shell => pathOf(shell.split(' ')[0]!) !== undefined)

/** Returns a PATH in which a script stands in for a program; in the script, "$real" is the program itself. */
export async function standIn(
  {env}: {env: NodeJS.ProcessEnv},
  directory: string,
  {real, script}: {real: string; script: string},
): Promise<string> {
  await mkdir(directory, {recursive: true})
  const lines = ['#!/bin/sh', `real=${real}`, 'case $* in *--version*) exec "$real" "$@" ;; esac', script, '']
  await writeFile(join(directory, basename(real)), lines.join('\n'), {mode: 0o755})
  return [directory, env.PATH].join(delimiter)
}
