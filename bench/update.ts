// Updates the gateway on each engine while clients send 60 requests per second, half of them on open connections, and
// prints what the clients saw. The gateway takes 20 seconds to start. Requires the images of the testbed.
import type {Run} from '../test/helpers/cli.js'
import {GatewayUpdates} from '../test/helpers/gateway-updates.js'
import type {LoadReport} from '../test/helpers/load.js'
import {Cluster} from '../test/helpers/swarm.js'

const COLUMNS = ['engine', 'requests', 'failed', 'slowest, s', 'outage, s']

async function updateOn(engine: 'compose' | 'swarm'): Promise<LoadReport> {
  await using cluster = await Cluster.open(1)
  await using gateway = await GatewayUpdates.open(cluster.nodes, engine)
  const [first, second] = [await gateway.image('1'), await gateway.image('2')]
  requireSuccess(await gateway.upTo(first))
  const {run, load} = await gateway.underLoad(engine, () => gateway.upTo(second))
  requireSuccess(run)
  return load
}

function requireSuccess({exitCode, stdout, stderr}: Run): void {
  if (exitCode !== 0) throw new Error(stderr + stdout)
}

const rows = [COLUMNS]
for (const engine of ['compose', 'swarm'] as const) {
  const {requests, failed, slowest, outage} = await updateOn(engine)
  const seconds = [slowest, outage].map(ms => (ms / 1000).toFixed(1))
  rows.push([engine, String(requests), String(failed.length), ...seconds])
}
for (const row of rows) console.log(row.map(cell => cell.padStart(12)).join(''))
