// Runs vitest for one step of test/run.js: `step.js TIER,TIER [ARGUMENT OF VITEST]…`. Sends the counts and the time of
// each file and each failure to the parent process.
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
const counts = {passed: 0, failed: 0, skipped: 0}
const files = []
const failures = vitest.state.getUnhandledErrors().map(error => ({message: messageOf(error)}))
for (const module of vitest.state.getTestModules()) {
  const path = relative('.', module.moduleId)
  if (module.errors().length > 0) failures.push({path, message: messageOf(module.errors()[0])})
  const tests = [...module.children.allTests()]
  for (const test of tests) {
    const {state, errors} = test.result()
    if (state === 'failed') failures.push({path, name: test.fullName, message: messageOf(errors[0])})
    else counts[state]++
  }
  const {setupDuration, collectDuration, duration} = module.diagnostic()
  files.push({
    tier: module.project.name,
    path,
    tests: tests.length,
    seconds: (setupDuration + collectDuration + duration) / 1000,
  })
}
counts.failed = failures.length
await vitest.close()
process.send({counts, files, failures}, () => process.exit())

function messageOf(error) {
  return String(error?.message ?? error)
}
