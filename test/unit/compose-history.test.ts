import {mkdtemp, readdir, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, test} from 'vitest'
import {type ImageChange, UpdateLog} from '../../src/engines/compose/history/log.js'
import {readStartTimes, saveStartTimes} from '../../src/engines/compose/history/start-times.js'
import {historyPath, type Place, readUpdates} from '../../src/engines/compose/history/store.js'
import {findPrevious} from '../../src/engines/previous.js'
import type {ServiceState} from '../../src/stack/state.js'

let directory: string
let place: Place

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'aquastream-history-'))
  place = {project: 'p', env: {XDG_STATE_HOME: directory}}
})

afterEach(() => rm(directory, {recursive: true}))

describe('the history of updates on Compose', () => {
  test('an update is recorded before it begins', async () => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b')])
    expect(await results()).toEqual([['unknown']])
  })

  test('its result is what runs healthy afterwards', async () => {
    const log = new UpdateLog(place)
    await log.begin(
      'env:up',
      ['user', 'event', 'crew'].map(service => change(service, 'a', 'b')),
    )
    await log.settle([
      state('user', 'b', 'healthy'),
      state('event', 'b', 'unhealthy'),
      state('crew', 'a', 'healthy'),
    ])
    expect(await results()).toEqual([['completed', 'failed', 'failed']])
  })

  test('a start that changes no image is not recorded', async () => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'a')])
    expect(await results()).toEqual([])
  })

  test('only the user can read its files', async () => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b')])
    const [name] = await readdir(historyPath(place))
    expect((await stat(join(historyPath(place), name!))).mode & 0o777).toBe(0o600)
    expect((await stat(historyPath(place))).mode & 0o777).toBe(0o700)
  })

  test('the newest 20 updates and no drafts are kept', async () => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b')])
    await writeFile(join(historyPath(place), '20000101000000000-0000.json.new'), '{')
    for (let made = 0; made < 22; made++)
      await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b')])
    expect((await readdir(historyPath(place))).length).toBe(20)
    expect(await results()).toHaveLength(20)
  })

  test('commands at the same time record all their updates', async () => {
    const logs = Array.from({length: 10}, () => new UpdateLog(place))
    await Promise.all(logs.map(async log => log.begin('env:up', [change('user', 'a', 'b')])))
    expect(await results()).toHaveLength(10)
  })

  test.each([
    ['cut', '{"format":1,"at":"2026-'],
    ['empty', ''],
    ['of another format', '{"format":2}'],
    [
      'with a wrong ID',
      JSON.stringify({
        ...record(),
        changes: [
          {...change('user', 'a', 'b'), to: {image: 'x', id: '--rm', digests: []}, result: 'completed'},
        ],
      }),
    ],
  ])('a record that is %s is named, others stay', async (_, text) => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b')])
    const path = join(historyPath(place), '20990101000000000-0000.json')
    await writeFile(path, text)
    expect((await readUpdates(place)).damaged).toEqual([path])
    expect(await results()).toHaveLength(1)
  })

  test('a rollback goes by the image that runs', async () => {
    await new UpdateLog(place).begin('env:up', [change('user', 'a', 'b'), change('event', 'a', 'b')])
    await new UpdateLog(place).begin('env:up', [change('user', 'b', 'c')])
    const {updates} = await readUpdates(place)
    const from = (running: string, names: string[] = []) =>
      findPrevious(updates, names, (_, {id}) => id === idOf(running)).map(
        ({service, from: {image}}) => `${service} ${image}`,
      )
    expect(from('c')).toEqual(['user b'])
    expect(from('b')).toEqual([])
    expect(from('b', ['user', 'event'])).toEqual(['user a', 'event a'])
    expect(from('z', ['user'])).toEqual([])
  })
})

test('start times are kept per service, damage is forgotten', async () => {
  await saveStartTimes(
    place,
    new Map([
      ['user', 20],
      ['event', 3],
    ]),
  )
  await saveStartTimes(place, new Map([['user', 25]]))
  expect(await readStartTimes(place)).toEqual(
    new Map([
      ['user', 25],
      ['event', 3],
    ]),
  )
  await writeFile(join(historyPath(place), 'starts.json'), '{"user":"long"}')
  expect(await readStartTimes(place)).toEqual(new Map())
})

/** The results of each update, newest first. */
async function results(): Promise<string[][]> {
  return (await readUpdates(place)).updates.map(({changes}) => changes.map(({result}) => result))
}

function idOf(letter: string): string {
  return `sha256:${letter.codePointAt(0)!.toString(16).repeat(32)}`
}

function change(service: string, from: string, to: string): ImageChange {
  const image = (name: string) => ({image: name, id: idOf(name), digests: []})
  return {service, from: image(from), to: image(to)}
}

function record() {
  return {format: 1, at: '2026-11-29T00:00:00.000Z', by: 'user@host', command: 'env:up'}
}

function state(service: string, image: string, health: ServiceState['health']): ServiceState {
  return {service, imageId: idOf(image), state: 'running', health} as ServiceState
}
