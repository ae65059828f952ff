import {mkdtempSync} from 'node:fs'
import {rm} from 'node:fs/promises'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {text} from 'node:stream/consumers'
import {afterAll, beforeAll, beforeEach} from 'vitest'
import type {Stored, SwarmService, Task} from '../../src/engines/swarm/objects.js'
import type {ServiceSpec} from '../../src/engines/swarm/translate/spec.js'

/** The answer to a request: a status and JSON; a function answers by itself, or never. */
type Answer = {status: number; body: unknown} | ((response: ServerResponse) => void)

interface SeenRequest {
  method: string
  /** Without the version, and without the query. */
  path: string
  query: URLSearchParams
  headers: NodeJS.Dict<string | string[]>
  body: unknown
}

/**
 * The API of a Docker Engine in states that a real one cannot be brought into quickly, such as a Swarm without a leader.
 * While it is open, DOCKER_HOST is its address.
 */
export class FakeEngine implements AsyncDisposable {
  /** By method and path, such as `GET /services`; anything else is answered with 404. */
  readonly answers = new Map<string, Answer>()
  readonly requests: SeenRequest[] = []
  /** The IDs of the networks by their names. */
  readonly networks = new Map<string, string>()
  readonly services: FakeService[] = []
  readonly configs: Stored[] = []
  readonly #before = process.env.DOCKER_HOST

  readonly #directory = mkdtempSync(join(tmpdir(), 'aquastream-engine-'))
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  private constructor() {}

  static async open(): Promise<FakeEngine> {
    const engine = new FakeEngine()
    await engine.#listen()
    return engine
  }

  /** Returns an engine that is open during all tests of the file that calls this, and cleared before each. */
  static forFile(): FakeEngine {
    const engine = new FakeEngine()
    beforeAll(() => engine.#listen())
    afterAll(() => engine[Symbol.asyncDispose]())
    beforeEach(() => {
      engine.clear()
    })
    return engine
  }

  async #listen(): Promise<void> {
    const socket = join(this.#directory, 'docker.sock')
    await new Promise<void>(resolve => this.#server.listen(socket, resolve))
    process.env.DOCKER_HOST = `unix://${socket}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://engine')
    const path = url.pathname.replace(/^\/v[\d.]+/, '')
    const content = await text(request)
    const body: unknown = content === '' ? undefined : JSON.parse(content)
    const {method = '', headers} = request
    this.requests.push({method, path, query: url.searchParams, headers, body})
    const answer = this.answers.get(`${method} ${path}`) ?? {status: 404, body: {message: 'no such thing'}}
    if (typeof answer === 'function') answer(response)
    else response.writeHead(answer.status).end(JSON.stringify(answer.body))
  }

  /** Answers as a node in this state. */
  setNode({state, manager}: {state: string; manager: boolean}): void {
    const Swarm = {NodeID: 'n1', LocalNodeState: state, ControlAvailable: manager}
    const body = {
      Name: 'node-1',
      ServerVersion: '26.1.5',
      SystemTime: new Date().toISOString(),
      DockerRootDir: '/nonexistent',
      Swarm,
    }
    this.answers.set('GET /info', {status: 200, body})
  }

  /** Forgets every answer, request and object. */
  clear(): void {
    this.answers.clear()
    this.requests.length = 0
    this.networks.clear()
    this.services.length = 0
    this.configs.length = 0
  }

  /** Answers as a manager of a Swarm of one node, with these services, networks and configs. */
  setSwarm(): void {
    this.setNode({state: 'active', manager: true})
    const answerWith = (path: string, read: () => unknown): void => {
      this.answers.set(`GET ${path}`, response => response.writeHead(200).end(JSON.stringify(read())))
    }
    answerWith('/nodes', () => [READY])
    answerWith('/secrets', () => [])
    answerWith('/services', () => this.services.map(service => service.read()))
    answerWith('/tasks', () => this.services.flatMap(service => service.readTasks()))
    answerWith('/networks', () => [...this.networks].map(([Name, Id]) => ({Name, Id})))
    answerWith('/configs', () => this.configs)
    this.answers.set('POST /configs/create', response => {
      const at = new Date().toISOString()
      const ID = `c${this.configs.length + 1}`
      const Spec = this.requests.at(-1)!.body as Stored['Spec']
      const config = {ID, Version: {Index: 1}, CreatedAt: at, UpdatedAt: at, Spec}
      this.configs.push(config)
      answerWith(`/configs/${ID}`, () => config)
      this.answers.set(`POST /configs/${ID}/update`, answer => {
        config.Spec = this.requests.at(-1)!.body as Stored['Spec']
        answer.writeHead(200).end()
      })
      response.writeHead(201).end(JSON.stringify({ID}))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#before === undefined) delete process.env.DOCKER_HOST
    else process.env.DOCKER_HOST = this.#before
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
    await rm(this.#directory, {recursive: true, force: true})
  }
}

/** One service of a fake Swarm, whose tasks reach a state at once. */
export class FakeService {
  /** The state of a task that starts with this specification. */
  startsAs: (spec: ServiceSpec) => string = () => 'running'
  /** The state of its update. */
  update: string | undefined
  /** Newest last. */
  readonly tasks: Task[] = []
  readonly #id: string
  #index = 1
  #changedAt = new Date().toISOString()

  constructor(
    private readonly engine: FakeEngine,
    public spec: ServiceSpec,
  ) {
    engine.setSwarm()
    this.#id = `s${engine.services.push(this)}`
    this.#run()
    engine.answers.set(`GET /services/${this.#id}`, response =>
      response.writeHead(200).end(JSON.stringify(this.read())),
    )
    engine.answers.set(`POST /services/${this.#id}/update`, response => {
      const spec = engine.requests.at(-1)!.body as ServiceSpec
      const unknown = targetsOf(spec).find(target => idOf(engine, target) === undefined)
      if (unknown !== undefined) {
        response.writeHead(404).end(JSON.stringify({message: `network ${unknown} not found`}))
        return
      }
      this.change(spec)
      response.writeHead(200).end('{}')
    })
  }

  /** Runs another specification, as an update or Swarm's own rollback does. */
  change(spec: ServiceSpec): void {
    this.spec = spec
    this.#index++
    this.#changedAt = new Date().toISOString()
    this.#run()
  }

  /** A task that fails is tried again whenever somebody looks. */
  readTasks(): Task[] {
    if (this.tasks.at(-1)?.Status.State === 'failed') this.#add('failed')
    return this.tasks
  }

  /** Returns the service as Docker Engine does: without what is empty, and with the IDs of its networks. */
  read(): SwarmService {
    const spec = structuredClone(this.spec)
    for (const network of spec.TaskTemplate.Networks ?? [])
      network.Target = idOf(this.engine, network.Target)!
    // The schema of a service requires less than its specification has.
    return {
      ID: this.#id,
      Version: {Index: this.#index},
      UpdatedAt: this.#changedAt,
      Spec: withoutEmpty(spec),
      ...(this.update !== undefined && {UpdateStatus: {State: this.update}}),
    } as unknown as SwarmService
  }

  /** Stops the tasks, and starts those that the specification asks for. */
  #run(): void {
    for (const task of this.tasks) {
      task.DesiredState = 'shutdown'
      if (task.Status.State !== 'failed') task.Status.State = 'shutdown'
    }
    const {Mode: mode} = this.spec
    if ('Replicated' in mode && mode.Replicated.Replicas === 0) return
    this.#add(this.startsAs(this.spec))
  }

  #add(state: string): void {
    const {ContainerSpec: container, ForceUpdate: restarts = 0} = this.spec.TaskTemplate
    this.tasks.push({
      ID: `${this.#id}-t${this.tasks.length + 1}`,
      CreatedAt: new Date().toISOString(),
      ServiceID: this.#id,
      Slot: 1,
      NodeID: READY.ID,
      DesiredState: state === 'failed' ? 'shutdown' : 'running',
      Spec: {ContainerSpec: container, ForceUpdate: restarts},
      Status: {Timestamp: new Date().toISOString(), State: state, Message: '', Err: ''},
    })
  }
}

function targetsOf({TaskTemplate: template}: ServiceSpec): string[] {
  return (template.Networks ?? []).map(({Target: target}) => target)
}

/** The ID of a network that is given by its name or its ID. */
function idOf({networks}: FakeEngine, target: string): string | undefined {
  return networks.get(target) ?? [...networks.values()].find(id => id === target)
}

/** Docker Engine leaves out false, and empty texts, lists and objects. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, entry]) => [key, withoutEmpty(entry)] as const)
  return Object.fromEntries(entries.filter(([, entry]) => !isEmpty(entry)))
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === false || value === ''
}

export const READY = {
  ID: 'n1',
  Version: {Index: 1},
  Spec: {Labels: {'aquastream.data': 'true'}, Role: 'manager', Availability: 'active'},
  Description: {Hostname: 'node-1', Engine: {EngineVersion: '26.1.5'}},
  Status: {State: 'ready', Addr: '10.0.0.1'},
}
