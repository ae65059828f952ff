import {describe, expect, test} from 'vitest'
import {SettingsFiles} from '../../src/config/layers.js'
import type {Engine} from '../../src/engines/engine.js'
import {withMaskedEvidence} from '../../src/engines/secrets/masked-engine.js'
import {AquastreamError} from '../../src/errors.js'
import type {ServiceState} from '../../src/stack/state.js'

const TOKEN = '8123456:telegram-token-of-a-test'
const LINE = `fatal: GET https://api.telegram.org/bot${TOKEN}/getMe failed`
const SHOWN = 'fatal: GET https://api.telegram.org/bot[masked TELEGRAM_BOT_TOKEN]/getMe failed'

test('a secret of the settings is masked in evidence', async () => {
  expect(await linesOf([LINE], {settings: {TELEGRAM_BOT_TOKEN: TOKEN}})).toEqual([SHOWN])
})

test('a secret of a container is masked without settings', async () => {
  expect(await linesOf([LINE], {container: {TELEGRAM_BOT_TOKEN: TOKEN}})).toEqual([SHOWN])
})

test('the settings suffice if the engine no longer answers', async () => {
  const settings = {TELEGRAM_BOT_TOKEN: TOKEN}
  expect(await linesOf([LINE], {settings, container: undefined})).toEqual([SHOWN])
})

test('a secret in an encoding of a URL is masked', async () => {
  const settings = {JWT_SECRET: 'a/b+c:d@e-of-a-test'}
  expect(await linesOf([`GET /?key=${encodeURIComponent(settings.JWT_SECRET)}`], {settings})).toEqual([
    'GET /?key=[masked JWT_SECRET]',
  ])
})

test.each([480, 495, 499])('no part of a secret remains at character %i', async start => {
  const [line] = await linesOf([`${'x'.repeat(start)}${TOKEN} failed`], {
    settings: {TELEGRAM_BOT_TOKEN: TOKEN},
  })
  expect(line).toHaveLength(500)
  expect(line).not.toContain(TOKEN.slice(0, 1))
})

test('evidence without secrets is shown as it is', async () => {
  const lines = ['FATAL: password authentication failed for user "aquastream"', '', '  Position: 5']
  expect(await linesOf(lines, {settings: {JWT_SECRET: TOKEN}})).toEqual(lines)
})

describe('a start that fails', () => {
  const settings = {TELEGRAM_BOT_TOKEN: TOKEN}
  const start = (error: Error): Promise<void> =>
    maskedEngine({start: () => Promise.reject(error)}, {settings}).start(
      {} as never,
      new AbortController().signal,
      {} as never,
    )

  test('keeps its code, its hint and masked lines', async () => {
    const evidence = [{title: 'last lines of notification', lines: [LINE]}]
    const error = new AquastreamError('service-failed', 'it failed', {hint: 'look', evidence})
    await expect(start(error)).rejects.toMatchObject({
      code: 'service-failed',
      message: 'it failed',
      hint: 'look',
      evidence: [{title: 'last lines of notification', lines: [SHOWN]}],
    })
  })

  test('without evidence fails with the same error', async () => {
    const error = new AquastreamError('interrupted', 'interrupted', {hint: 'run it again'})
    await expect(start(error)).rejects.toBe(error)
  })
})

interface Known {
  settings?: Record<string, string>
  /** The environment of the container; undefined if the engine does not answer. */
  container?: Record<string, string> | undefined
}

/** Returns an engine with masked evidence that consists of these functions. */
function maskedEngine(functions: Partial<Engine>, known: Known): Engine {
  const {settings: env = {}} = known
  const environment = 'container' in known ? known.container : {}
  const facts = async () => {
    if (!environment) throw new AquastreamError('engine-missing', 'no answer', {hint: 'start it'})
    return [{service: 'notification', checks: [], environment}]
  }
  const files = new SettingsFiles(undefined, env, '/nonexistent')
  return withMaskedEvidence({facts, ...functions} as unknown as Engine, {
    env: {...env, XDG_STATE_HOME: '/nonexistent'},
    files,
  })
}

/** Returns the evidence that is shown for these lines of a service. */
async function linesOf(lines: string[], known: Known): Promise<string[]> {
  const diagnose = () => Promise.resolve({evidence: [{title: 'last lines of notification', lines}]})
  const {evidence} = await maskedEngine({diagnose}, known).diagnose({} as ServiceState)
  return evidence[0]!.lines
}
