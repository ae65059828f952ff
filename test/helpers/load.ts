import {Agent, get} from 'node:http'
import {setInterval} from 'node:timers'

/** What a client saw of a server. */
export interface LoadReport {
  requests: number
  failed: string[]
  /** The different bodies of the answers. */
  bodies: Set<string>
  /** The longest time until a response was complete, in ms. */
  slowest: number
  /** From the start of the first request that failed to the end of the last one, in ms. */
  outage: number
}

/**
 * Sends requests at a steady rate until it is stopped, half of them on connections that stay open. A request that is not
 * answered with status 200 within a minute has failed.
 */
export class Load {
  private readonly report: LoadReport = {requests: 0, failed: [], bodies: new Set(), slowest: 0, outage: 0}
  private outageSince = Infinity
  private readonly agents = [new Agent({keepAlive: true}), new Agent({keepAlive: false})]
  private readonly pending = new Set<Promise<void>>()
  private readonly timer: NodeJS.Timeout

  constructor(
    private readonly url: string,
    perSecond: number,
  ) {
    this.timer = setInterval(() => {
      const request = this.send().finally(() => this.pending.delete(request))
      this.pending.add(request)
    }, 1000 / perSecond)
  }

  /** The number of requests that were answered so far. */
  get answered(): number {
    return this.report.requests
  }

  /** Stops sending, waits for the last answers, and returns what was seen. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.timer)
    await Promise.all(this.pending)
    for (const agent of this.agents) agent.destroy()
    return this.report
  }

  private async send(): Promise<void> {
    const agent = this.agents[this.pending.size % 2]!
    const began = performance.now()
    const failure = await new Promise<string | undefined>(resolve => {
      const request = get(this.url, {agent, timeout: 60_000}, response => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.once('end', () => {
          this.report.bodies.add(body)
          resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`)
        })
        response.once('error', error => {
          resolve(error.message)
        })
      })
      request.once('timeout', () => request.destroy(new Error('no answer within a minute')))
      request.once('error', error => {
        resolve(error.message)
      })
    })
    this.report.requests++
    this.report.slowest = Math.max(this.report.slowest, performance.now() - began)
    if (failure === undefined) return
    this.report.failed.push(failure)
    this.outageSince = Math.min(this.outageSince, began)
    this.report.outage = performance.now() - this.outageSince
  }
}
