import {randomBytes} from 'node:crypto'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {SERVICES} from '../../src/stack/catalogue.js'
import {Site} from './cli.js'
import {docker, SECRETS} from './stack.js'

/** The names of the images that a stack of stage runs, besides the backends. */
const IMAGES = SERVICES.filter(({kind}) => kind !== 'mocks').map(({kind, image}) =>
  kind === 'backend' ? `${image}:latest` : image,
)
const FAULTS = ['slow-jvm', 'dies', 'never-healthy', 'memory-hog'].map(
  name => `aquastream-testbed/${name}:latest`,
)

/** Servers with Docker Engines of their own, in privileged containers on one network. */
export class Cluster implements AsyncDisposable {
  readonly nodes: ServerNode[] = []

  private constructor(
    readonly name: string,
    private readonly directory: string,
  ) {}

  /** Starts servers; all of them have the images of a stack. */
  static async open(count: number): Promise<Cluster> {
    const name = `aquastream-swarm-${randomBytes(4).toString('hex')}`
    const cluster = new Cluster(name, await mkdtemp(join(tmpdir(), 'aquastream-swarm-')))
    try {
      await docker('network', 'create', name)
      await Promise.all(Array.from({length: count}, (_, index) => cluster.add(`node-${index + 1}`)))
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Adds a server, which is in no Swarm yet. */
  async add(host: string): Promise<ServerNode> {
    const container = `${this.name}-${host}`
    const sockets = join(this.directory, host)
    const node = new ServerNode(host, {
      container,
      address: `unix://${sockets}/docker.sock`,
      shared: this.directory,
    })
    this.nodes.push(node)
    const options = [
      '--privileged',
      '--network',
      this.name,
      '--tmpfs',
      '/run',
      '--volume',
      `${sockets}:/engine`,
      '--volume',
      `${this.directory}:${this.directory}`,
    ]
    const names = ['--name', container, '--hostname', host]
    await docker('run', '--detach', ...names, ...options, 'aquastream-testbed/swarm-node:latest')
    await node.untilReady()
    await node.load([...IMAGES, ...FAULTS])
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const containers = this.nodes.map(({container}) => container)
    // With its volumes, which hold the images. A paused container cannot be removed.
    for (const container of containers) await execa('docker', ['unpause', container], {reject: false})
    await execa('docker', ['rm', '--force', '--volumes', ...containers], {reject: false})
    await execa('docker', ['network', 'rm', this.name], {reject: false})
    await rm(this.directory, {recursive: true, force: true})
  }
}

/** One server. */
export class ServerNode {
  readonly container: string
  /** The address of its engine. */
  readonly address: string
  /** A directory that this machine and the server have at the same path. */
  readonly shared: string

  constructor(
    readonly host: string,
    {container, address, shared}: Pick<ServerNode, 'container' | 'address' | 'shared'>,
  ) {
    this.container = container
    this.address = address
    this.shared = shared
  }

  /** Runs a docker command on the engine of this server. */
  async docker(...args: string[]): Promise<string> {
    return docker('--host', this.address, ...args)
  }

  /** Runs a docker command that prints JSON. */
  async read<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.docker(...args)) as T
  }

  /** Loads images of this machine. */
  async load(images: string[]): Promise<void> {
    const saved = execa('docker', ['save', ...images], {buffer: false})
    await saved.pipe('docker', ['--host', this.address, 'load', '--quiet'])
  }

  /** Loads images of this server on another one. */
  async copyImages(images: string[], other: ServerNode): Promise<void> {
    const saved = execa('docker', ['--host', this.address, 'save', ...images], {buffer: false})
    await saved.pipe('docker', ['--host', other.address, 'load', '--quiet'])
  }

  /** The address at which this machine and the other servers reach it. */
  async ip(): Promise<string> {
    return docker(
      'inspect',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      this.container,
    )
  }

  async untilReady(): Promise<void> {
    await until('the engine of the server', async () => {
      const {exitCode} = await execa('docker', ['--host', this.address, 'version'], {reject: false})
      return exitCode === 0
    })
  }

  /** The ID of the running container of a service. */
  async containerOf(service: string): Promise<string> {
    const filter = `label=com.docker.swarm.service.name=${service}`
    return this.docker('ps', '--quiet', '--no-trunc', '--filter', filter, '--filter', 'status=running')
  }
}

/** Waits for a condition; throws if it is not met in time. */
export async function until(what: string, isMet: () => Promise<boolean>, seconds = 90): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error(`${what} did not appear within ${seconds} s`)
    await sleep(200)
  }
}

/** A site whose Docker Engine is that of a server. */
export class SwarmSite extends Site {
  static override async open(env: NodeJS.ProcessEnv = {}, parent = tmpdir()): Promise<SwarmSite> {
    return new SwarmSite(await mkdtemp(join(parent, 'aquastream-test-')), env)
  }

  readonly project = 'aquastream-stage'

  /** The settings of stage on Swarm. */
  async writeStageFile(more: Record<string, string> = {}): Promise<void> {
    const values = {
      AQUASTREAM_PROFILE: 'stage',
      AQUASTREAM_ENGINE: 'swarm',
      BIND: '0.0.0.0',
      ...SECRETS,
      ...more,
    }
    const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`)
    await this.write('.env.stage', lines.join(''))
  }
}

/** Opens a site that runs commands on a server, which has the directory of the site as well. */
export async function siteOn(node: ServerNode, settings: Record<string, string> = {}): Promise<SwarmSite> {
  const env = {DOCKER_HOST: node.address, AQUASTREAM_PROFILE: 'stage'}
  const site = await SwarmSite.open(env, node.shared)
  await site.writeStageFile(settings)
  return site
}
