// Measures env:up of the whole profile dev on the embedded engine, from no process to all healthy, not for the first time.
import {EmbeddedSite} from '../test/helpers/embedded.js'

const ROUNDS = Number(process.argv[2] ?? 5)

await using site = await EmbeddedSite.open()
const seconds: number[] = []
for (let round = 0; round <= ROUNDS; round++) {
  const began = performance.now()
  await site.up()
  seconds.push((performance.now() - began) / 1000)
  await site.run('env:down')
}
const [first = 0, ...others] = seconds
const sorted = others.sort((one, other) => one - other)
console.log(`first time, with a new database: ${first.toFixed(1)} s`)
console.log(
  `median of ${ROUNDS} others: ${sorted[Math.floor(ROUNDS / 2)]?.toFixed(1)} s, longest ${sorted.at(-1)?.toFixed(1)} s`,
)
