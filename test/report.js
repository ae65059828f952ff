// Prints the times of the tests, for test/run.js.

/** Prints the sums of each tier. Files can run in parallel, so that a sum can exceed the elapsed time. */
export function printTiers(files) {
  console.log('\ntier        files  tests  seconds of its files')
  for (const tier of new Set(files.map(({tier}) => tier))) {
    const own = files.filter(file => file.tier === tier)
    const cells = [own.length, sum(own, 'tests'), sum(own, 'seconds').toFixed(0)]
    console.log(tier.padEnd(10), ...cells.map(cell => String(cell).padStart(6)))
  }
}

export function printSlowest(files) {
  console.log('\nslowest files')
  const slowest = [...files].sort((one, other) => other.seconds - one.seconds).slice(0, 10)
  for (const {seconds, path} of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${path}`)
}

/** Prints the names of the failed tests, last, because the beginning of a long output is cut in many places. */
export function printFailed(failures) {
  if (failures.length === 0) return
  console.log('\nfailed')
  for (const {path, name, message} of failures) {
    console.log(`  ${[path, name].filter(Boolean).join(' > ')}`)
    console.log(`    ${message.replaceAll(/\s+/g, ' ').slice(0, 600)}`)
  }
}

function sum(files, key) {
  return files.reduce((total, file) => total + file[key], 0)
}
