import {resolve} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {NOBODY, whyNotAs} from './site.js'

const LIFE_OF = resolve(import.meta.dirname, '../helpers/life-of.js')
const reason = await whyNotAs(NOBODY)

/** Runs a script in a PID namespace and a /proc of its own; `life_of` and `as_nobody` are its functions. */
async function inNamespace(script: string): Promise<string[]> {
  const lines = [
    'life_of() { "$NODE" -- "$LIFE_OF" "$1"; }',
    'as_nobody() { setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "$NODE" -- "$LIFE_OF" "$1"; }',
    'sleep 600 & pid=$!',
    script,
  ]
  const namespace = ['--pid', '--fork', '--kill-child', '--mount-proc']
  const {stdout} = await execa('unshare', [...namespace, 'sh', '-euc', lines.join('\n')], {
    cwd: '/',
    env: {NODE: process.execPath, LIFE_OF, NOBODY: String(NOBODY)},
  })
  return stdout.split('\n')
}

test.skipIf(reason)(`a hidden process never counts as ended${reason ? ` (${reason})` : ''}`, async () => {
  const answers = await inNamespace(`
    identity=$(life_of $pid)
    as_nobody "$identity"
    mount -o remount,hidepid=2 /proc
    as_nobody "$identity"
    life_of "$identity"
    kill $pid; wait $pid || true
    as_nobody "$identity"`)
  expect(answers).toEqual(['alive', 'unknown', 'alive', 'gone'])
})

test.skipIf(reason)('a process that is a zombie counts as ended', async () => {
  // A program that replaces the shell does not wait for the children of the shell.
  const answers = await inNamespace(`
    identity=$(life_of $pid)
    kill $pid
    exec "$NODE" -- "$LIFE_OF" "$identity"`)
  expect(answers).toEqual(['gone'])
})

test.skipIf(reason)('records without a namespace are still accepted', async () => {
  const answers = await inNamespace(`
    identity=$(life_of $pid | sed 's/,"pidNamespace":"[^"]*"//')
    echo "$identity" | grep -c Namespace || true
    life_of "$identity"
    kill $pid; wait $pid || true
    life_of "$identity"`)
  expect(answers).toEqual(['0', 'alive', 'gone'])
})
