import {afterEach, expect, test, vi} from 'vitest'
import {stopStack} from '../../../src/engines/swarm/stop.js'
import {FakeEngine} from '../../helpers/fake-engine.js'

const engine = FakeEngine.forFile()

afterEach(() => {
  vi.useRealTimers()
})

test('a container that Docker Engine cannot remove is named after a minute', async () => {
  vi.useFakeTimers({toFake: ['performance']})
  engine.setSwarm()
  engine.answers.set('GET /containers/json', response => {
    vi.advanceTimersByTime(61_000)
    response.writeHead(200).end('[{"Id": "c1", "Names": ["/p_user.1.abc"]}]')
  })
  await expect(stopStack('p', {volumes: false}, AbortSignal.timeout(20_000))).rejects.toMatchObject({
    code: 'not-deleted',
    message: 'Docker Engine has not removed p_user.1.abc within 60 s',
    hint: 'remove them: docker rm -f p_user.1.abc; then run the command again',
  })
})
