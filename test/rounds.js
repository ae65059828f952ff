// Runs many rounds of the tests that end programs at random moments: 200, or AQUASTREAM_TEST_ROUNDS. The seed is random,
// or AQUASTREAM_TEST_SEED. Also runs the round trips of every version in every form.
import {spawnSync} from 'node:child_process'
import {join} from 'node:path'

const rounds = process.env.AQUASTREAM_TEST_ROUNDS ?? '200'
const seed = process.env.AQUASTREAM_TEST_SEED ?? String(Date.now() % 1_000_000)
const again = `AQUASTREAM_TEST_ROUNDS=${rounds} AQUASTREAM_TEST_SEED=${seed} npm run test:rounds`
console.log(`${rounds} rounds of seed ${seed}; to repeat them: ${again}`)
const {status} = spawnSync(
  process.execPath,
  [join(import.meta.dirname, 'run.js'), 'crash-rounds', 'random-objects', 'round-trip'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      AQUASTREAM_TEST_ROUNDS: rounds,
      AQUASTREAM_TEST_SEED: seed,
      AQUASTREAM_TEST_REQUIRE: 'postgres,embedded',
    },
  },
)
process.exit(status ?? 1)
