import {once} from 'node:events'
import {connect, createServer, type NetConnectOpts, type Socket} from 'node:net'
import {freePort} from './free-port.js'

/** Forwards connections to a server, so that a test can make the server unavailable. */
export class Proxy implements AsyncDisposable {
  private readonly sockets = new Set<Socket>()
  private readonly server = createServer({allowHalfOpen: true}, client => this.forward(client))
  private isSilent = false
  private bytes = 0

  private constructor(
    private readonly target: NetConnectOpts,
    /** Is called with the number of bytes that clients have sent so far. */
    private readonly onSent: (bytes: number) => void,
  ) {}

  /** @param path the socket to listen on */
  static async open(path: string, target: NetConnectOpts): Promise<Proxy> {
    const proxy = new Proxy(target, () => undefined)
    await once(proxy.server.listen(path), 'listening')
    return proxy
  }

  /** Forwards a free port to a server of this machine until clients have sent this number of bytes. */
  static async cutAfter(
    limit: number,
    port: number,
    how: 'refuse' | 'silence',
  ): Promise<Proxy & {port: number}> {
    const proxy: Proxy = new Proxy({port, host: '127.0.0.1'}, bytes => {
      if (bytes < limit) return
      if (how === 'refuse') void proxy.stop()
      else proxy.silence()
    })
    const own = await freePort()
    await once(proxy.server.listen(own, '127.0.0.1'), 'listening')
    return Object.assign(proxy, {port: own})
  }

  /** Ends all connections and refuses new ones. */
  async stop(): Promise<void> {
    const closed = this.server.listening ? once(this.server.close(), 'close') : undefined
    for (const socket of this.sockets) socket.destroy()
    await closed
  }

  /** Forwards nothing any more, and ends no connection: like a cable that is pulled. */
  silence(): void {
    this.isSilent = true
    for (const socket of this.sockets) socket.unpipe().pause()
  }

  /** Whether the server has become unavailable. */
  get isCut(): boolean {
    return this.isSilent || !this.server.listening
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  private forward(client: Socket): void {
    const server = connect({...this.target, allowHalfOpen: true})
    for (const socket of [client, server]) {
      this.sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => this.sockets.delete(socket))
    }
    if (this.isSilent) return
    client.on('data', chunk => this.onSent((this.bytes += chunk.length)))
    client.pipe(server).pipe(client)
  }
}
