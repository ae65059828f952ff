// Runs vitest for one step of test/run.js: `step.js TIER,TIER [ARGUMENT OF VITEST]…`. Sends the counts and the time of
// each file to the parent process.
import {relative} from 'node:path'
import {parseCLI, startVitest} from 'vitest/node'

const [tiers, ...words] = process.argv.slice(2)
const {filter, options} = parseCLI(['vitest', 'run', ...words])
const vitest = await startVitest('test', filter, {
  ...options,
  run: true,
  project: tiers.split(','),
  passWithNoTests: true,
})
const counts = {passed: 0, failed: vitest.state.getUnhandledErrors().length, skipped: 0}
const files = []
for (const module of vitest.state.getTestModules()) {
  if (module.errors().length > 0) counts.failed++
  const tests = [...module.children.allTests()]
  for (const test of tests) counts[test.result().state]++
  const {setupDuration, collectDuration, duration} = module.diagnostic()
  files.push({
    tier: module.project.name,
    path: relative('.', module.moduleId),
    tests: tests.length,
    seconds: (setupDuration + collectDuration + duration) / 1000,
  })
}
await vitest.close()
process.send({counts, files}, () => process.exit())
