import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {hostname} from 'node:os'
import {expect, test} from 'vitest'
import {endLeftTools} from '../../src/engines/tool.js'
import {identify, type ProcessIdentity} from '../../src/system/process-identity.js'
import {docker} from '../helpers/stack.js'

test('only tools of commands that surely ended are removed', async () => {
  const child = spawn('sleep', ['600'])
  const owner = await identify(child.pid!)
  child.kill()
  await once(child, 'close')
  const boot = `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`
  const [left, ...kept] = await Promise.all([
    createTool(owner),
    createTool({...owner, pidNamespace: 'pid:[1]'}),
    createTool({...owner, started: owner.started!.replace(/^\S+/, boot)}),
    createTool(await identify(process.pid)),
  ])
  try {
    await endLeftTools(new AbortController().signal)
    const found = (await docker('ps', '--all', '--quiet', '--no-trunc')).split('\n')
    expect(found).toEqual(expect.arrayContaining(kept))
    expect(found).not.toContain(left)
  } finally {
    await docker('rm', '--force', left, ...kept)
  }
})

/** Creates a container as that of a tool whose command is this process, and returns its ID. */
function createTool(identity: ProcessIdentity): Promise<string> {
  const owner = JSON.stringify({...identity, host: hostname()})
  return docker('create', '--label', `aquastream.owner=${owner}`, 'node:20-alpine', 'true')
}
