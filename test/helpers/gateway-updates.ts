import type {StatusReport} from '../../src/env/status.js'
import type {HistoryReport} from '../../src/env/updates/history.js'
import type {Run, Running} from './cli.js'
import {freePort} from './free-port.js'
import {Load, type LoadReport} from './load.js'
import {type ServerNode, siteOn, type SwarmSite} from './swarm.js'

/** A stack whose gateway is updated: it takes 20 seconds to start, as a JVM does. */
export class GatewayUpdates implements AsyncDisposable {
  private constructor(
    readonly site: SwarmSite,
    private readonly nodes: ServerNode[],
    private readonly url: string,
    private readonly command: string,
  ) {}

  /** Writes the settings of a stack on servers, the first of which runs the commands; nothing is started. */
  static async open(nodes: ServerNode[], engine: 'swarm' | 'compose' = 'swarm'): Promise<GatewayUpdates> {
    const [node] = nodes as [ServerNode]
    const port = String(await freePort())
    const settings = {
      AQUASTREAM_ENGINE: engine,
      GATEWAY_PORT: port,
      BACKEND_JAVA_OPTIONS: '-DSLOW_JVM_START_SECONDS=20',
    }
    const site = await siteOn(node, settings)
    const url = `http://${await node.ip()}:${port}/actuator/info`
    // On Compose, the gateway publishes its port itself.
    const command = `env:up --service ${engine === 'swarm' ? 'edge' : 'gateway'} --yes --json`
    return new GatewayUpdates(site, nodes, url, command)
  }

  /** Makes an image of a slow backend, which every server gets, and returns its name. */
  async image(version: string, ...settings: string[]): Promise<string> {
    const image = `aquastream-test/gateway:${version}`
    const changes = [`VERSION=${version}`, ...settings].flatMap(setting => ['--change', `ENV ${setting}`])
    const [node, ...others] = this.nodes as [ServerNode, ...ServerNode[]]
    const container = await node.docker('create', 'aquastream-testbed/slow-jvm:latest')
    await node.docker('commit', ...changes, container, image)
    await node.docker('rm', container)
    for (const other of others) await node.copyImages([image], other)
    return image
  }

  /** Starts the stack, or updates the gateway. */
  async upTo(image: string, flags = ''): Promise<Run> {
    return this.site.run(`${this.command} ${flags}`, {env: {BACKEND_GATEWAY_IMAGE: image}})
  }

  /** Starts the command of `upTo`, to be killed. */
  start(image: string, settings: Record<string, string> = {}): Running {
    return this.site.start(this.command, {env: {BACKEND_GATEWAY_IMAGE: image, ...settings}})
  }

  /** Runs commands while clients send 60 requests per second through edge, and prints what the clients saw. */
  async underLoad(what: string, commands: () => Promise<Run>): Promise<{run: Run; load: LoadReport}> {
    const clients = new Load(this.url, 60)
    let run
    try {
      run = await commands()
    } catch (error) {
      await clients.stop()
      throw error
    }
    const load = await clients.stop()
    const {requests, failed, slowest} = load
    console.log(
      `${what}: ${failed.length} of ${requests} requests failed, the slowest took ${Math.round(slowest)} ms`,
    )
    return {run, load}
  }

  async imageOf(service: string): Promise<string | null | undefined> {
    const {services} = JSON.parse((await this.site.run('env:status --json')).stdout) as StatusReport
    return services.find(row => row.service === service)?.image
  }

  async lastChange() {
    const {updates} = JSON.parse((await this.site.run('env:history --json')).stdout) as HistoryReport
    return updates[0]?.changes[0]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]()
  }
}
