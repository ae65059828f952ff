import {readFile} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {BIN, siteWithoutDocker} from './site.js'

/** Runs the CLI in a Node.js that reports another version. */
async function runAs(version: string, ...words: string[]) {
  await using site = await siteWithoutDocker()
  await site.write(
    'version.cjs',
    `Object.defineProperty(process, 'versions', {value: {...process.versions, node: '${version}'}})`,
  )
  const args = ['--require', join(site.directory, 'version.cjs'), '--', BIN, ...words]
  const {exitCode, stdout, stderr} = await execa(process.execPath, args, {
    cwd: site.directory,
    env: site.env,
    extendEnv: false,
    reject: false,
  })
  return {exitCode, stdout, stderr}
}

/** The oldest supported version, as package.json declares it. */
async function oldest(): Promise<{major: number; minor: number}> {
  const text = await readFile(resolve(import.meta.dirname, '../../package.json'), 'utf8')
  const {engines} = JSON.parse(text) as {engines: {node: string}}
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node)!
  return {major: Number(major), minor: Number(minor)}
}

test('an old version of Node gets the required version', async () => {
  const {major, minor} = await oldest()
  const needed = `${major}.${minor}`
  for (const old of ['10.24.1', '18.20.8', `${major}.${minor - 1}.9`]) {
    const message = `aquastream needs Node.js ${needed} or newer, but the installed Node.js is version ${old}`
    const hint = 'update Node.js: https://nodejs.org/en/download'
    for (const words of [[], ['--help'], ['env:up']])
      expect(await runAs(old, ...words)).toEqual({
        exitCode: 3,
        stdout: '',
        stderr: `error: ${message}\nhint: ${hint}`,
      })
    const {stdout} = await runAs(old, 'db:list', '--json')
    expect(JSON.parse(stdout)).toEqual({error: {code: 'tool-too-old', exitCode: 3, message, hint}})
  }
})

test('the oldest supported version of Node is accepted', async () => {
  const {major, minor} = await oldest()
  expect(await runAs(`${major}.${minor}.0`, '--version')).toMatchObject({exitCode: 0, stderr: ''})
})
