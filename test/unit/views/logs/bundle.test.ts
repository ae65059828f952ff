import {expect, test} from 'vitest'
import {screens} from '../../../helpers/screens.js'
import type {BundleReport} from '../../../../src/support/bundle.js'
import {bundleSummary, bundleUpdate} from '../../../../src/views/logs/bundle.js'

const REPORT: BundleReport = {
  path: '/srv/report.tar.gz',
  bytes: 20_480,
  profile: 'prod',
  project: 'aquastream-prod',
  files: [
    {path: 'README.txt', about: 'what each file is', bytes: 1},
    {path: 'logs/user.log', about: 'the log of user', bytes: 1},
  ],
  masked: {REDIS_PASSWORD: 1200, JWT_SECRET: 3},
  missing: [{what: 'log of media', why: 'it wrote nothing, or the engine keeps no log of it'}],
}

test('a bundle lists masked secrets and missing parts', () => {
  expect(screens(() => bundleSummary(REPORT))).toMatchInlineSnapshot(`
    "=== 80 columns
    The support bundle has 2 files (20 KiB); its README.txt describes each of them.
    Masked 1,203 occurrences of secrets: JWT_SECRET, REDIS_PASSWORD.
    Missing: log of media (it wrote nothing, or the engine keeps no log of it).
    Review the bundle before you share it: the logs still contain what your users
    wrote.

      /srv/report.tar.gz
    === 40 columns
    The support bundle has 2 files (20 KiB);
    its README.txt describes each of them.
    Masked 1,203 occurrences of secrets:
    JWT_SECRET, REDIS_PASSWORD.
    Missing: log of media (it wrote nothing,
    or the engine keeps no log of it).
    Review the bundle before you share it:
    the logs still contain what your users
    wrote.

      /srv/report.tar.gz"
  `)
})

test('a bundle without secrets says so', () => {
  expect(screens(() => bundleSummary({...REPORT, masked: {}, missing: []}))).toMatchInlineSnapshot(`
    "=== 80 columns
    The support bundle has 2 files (20 KiB); its README.txt describes each of them.
    No secrets were found.
    Review the bundle before you share it: the logs still contain what your users
    wrote.

      /srv/report.tar.gz
    === 40 columns
    The support bundle has 2 files (20 KiB);
    its README.txt describes each of them.
    No secrets were found.
    Review the bundle before you share it:
    the logs still contain what your users
    wrote.

      /srv/report.tar.gz"
  `)
})

test('each step of a bundle has a description', () => {
  expect([
    bundleUpdate({step: 'collect', state: 'started'}),
    bundleUpdate({step: 'collect', state: 'running', path: 'logs/user.log'}),
    bundleUpdate({step: 'check', state: 'started'}),
    bundleUpdate({step: 'write', state: 'started'}),
    bundleUpdate({step: 'write', state: 'done'}),
  ]).toEqual([
    {task: 'collect', state: 'running', detail: 'logs, states, versions, settings'},
    {task: 'collect', state: 'running', detail: 'logs/user.log', transient: true},
    {task: 'check', state: 'running', detail: 'searching the files for secrets'},
    {task: 'write', state: 'running', detail: 'compressing the files'},
    {task: 'write', state: 'done', detail: 'done'},
  ])
})
