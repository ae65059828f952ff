// Runs every tier that this machine can run and ends with a plain line of counts. A tier that cannot run is
// skipped with its reason, or is a failure when AQUASTREAM_TEST_REQUIRE names it (postgres, embedded,
// browser, docker).
import {execFileSync} from 'node:child_process'
import {startVitest} from 'vitest/node'
import {chromium} from './helpers/browser-program.js'
import {postgresPrograms} from './helpers/postgres-programs.js'

/** Each: why it cannot run here, or nothing. */
const tiers = {
  unit: () => undefined,
  commands: () => undefined,
  stubs: () => undefined,
  postgres: whyNoPostgres,
  embedded: whyNoPostgres,
  browser: whyNoBrowser,
  docker: whyNoDocker,
}
const required = (process.env.AQUASTREAM_TEST_REQUIRE ?? '').split(',').filter(Boolean)

const missing = Object.entries(tiers).flatMap(([tier, why]) => {
  const reason = why()
  return reason ? [{tier, reason}] : []
})
for (const {tier, reason} of missing) console.log(`skipped: test/${tier}: ${reason}`)
for (const tier of required.filter(tier => !(tier in tiers)))
  throw new Error(`AQUASTREAM_TEST_REQUIRE names ${tier}, and there is no such tier`)
const broken = missing.filter(({tier}) => required.includes(tier))
for (const {tier} of broken) console.error(`failed: test/${tier} is required by AQUASTREAM_TEST_REQUIRE`)

const runnable = Object.keys(tiers).filter(tier => !missing.some(({tier: other}) => other === tier))
const vitest = await startVitest('test', process.argv.slice(2), {run: true, project: runnable})
const counts = {passed: 0, failed: broken.length, skipped: missing.length - broken.length}
for (const module of vitest.state.getTestModules()) {
  if (module.errors().length > 0) counts.failed++
  for (const test of module.children.allTests()) counts[test.result().state]++
}
counts.failed += vitest.state.getUnhandledErrors().length
await vitest.close()
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

function whyNoPostgres() {
  if (postgresPrograms().size > 0) return undefined
  return 'no initdb of PostgreSQL 15 or newer, neither on PATH nor where Debian puts it (apt install postgresql)'
}

function whyNoBrowser() {
  return chromium() ? undefined : 'no chromium on PATH (apt install chromium)'
}

function whyNoDocker() {
  try {
    execFileSync('docker', ['compose', 'version'], {stdio: 'pipe'})
    execFileSync('docker', ['image', 'inspect', 'aquastream/backend-user:latest'], {stdio: 'pipe'})
    return undefined
  } catch (error) {
    const [words = ''] = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
    return `${words || 'no engine answers'} (test/testbed/provision.sh makes engine and images)`
  }
}
