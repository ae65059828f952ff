import {Buffer} from 'node:buffer'
import type {LogLine} from '../../engine.js'
import {splitLine} from '../../compose/logs.js'
import {ApiError} from '../../api/client.js'
import {send} from '../../api/connection.js'

/**
 * A node that is down or frozen does not answer; its log is given up after this time without a line, in ms. A log that is
 * followed may be quiet for any time.
 */
const SILENCE_MS = 10_000

/** A task whose log is read, and the name of its service. */
export interface NamedTask {
  id: string
  service: string
}

interface TaskLogOptions {
  /** RFC 3339 with nanoseconds, or undefined. */
  since?: string | undefined
  tail?: number | undefined
  follow?: boolean
}

/**
 * Reads the log of one task from its node, in batches. Swarm passes the request on to the node; if that does not answer,
 * the log ends with a line that says so.
 */
export async function* readTask(
  {id, service}: NamedTask,
  {since, tail, follow = false}: TaskLogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine[]> {
  const silent = new AbortController()
  const watch = () => (follow ? undefined : setTimeout(() => silent.abort(), SILENCE_MS))
  let timer = watch()
  const params = new URLSearchParams({
    stdout: '1',
    stderr: '1',
    timestamps: '1',
    ...(follow && {follow: '1'}),
    ...(tail !== undefined && {tail: String(tail)}),
    ...(since !== undefined && {since: toUnix(since)}),
  })
  try {
    const path = `/tasks/${id}/logs?${params.toString()}`
    const until = AbortSignal.any([signal, silent.signal])
    const response = await send({method: 'GET', path, signal: until})
    // The task may have been removed since it was listed.
    if (response.statusCode !== 200) throw new ApiError(response.statusCode ?? 0, 'read a log', '')
    for await (const lines of framesOf(response)) {
      clearTimeout(timer)
      yield lines.flatMap(line => {
        const parsed = splitLine(line)
        return parsed ? [{service, ...parsed}] : []
      })
      timer = watch()
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!silent.signal.aborted && !(error instanceof ApiError)) throw error
    if (silent.signal.aborted)
      yield [remark(service, 'the node that has the rest of this log does not answer')]
  } finally {
    clearTimeout(timer)
  }
}

/** Returns a line about a log, which has the time of now. */
export function remark(service: string, text: string): LogLine {
  return {service, time: new Date().toISOString().replace('Z', '000000Z'), text: `aquastream: ${text}`}
}

/** Docker Engine takes seconds since the epoch, with nanoseconds as a fraction. */
function toUnix(time: string): string {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '0'
  return `${Math.floor(Date.parse(time) / 1000)}.${fraction}`
}

/** The size of the head of a frame: a byte for the stream, three of padding, and the length in four bytes. */
const HEAD = 8

/** See "Stream format" of https://docs.docker.com/reference/api/engine/version/v1.44/#tag/Container/operation/ContainerAttach */
async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk])
    const lines: string[] = []
    for (;;) {
      if (rest.length < HEAD) break
      const end = HEAD + rest.readUInt32BE(4)
      if (rest.length < end) break
      lines.push(...rest.toString('utf8', HEAD, end).replace(/\n$/, '').split('\n'))
      rest = rest.subarray(end)
    }
    if (lines.length > 0) yield lines
  }
}

/** Returns the last lines of one task, which may have ended. */
export async function readTaskLog(id: string, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of readTask({id, service: ''}, {tail: 2000}, signal))
    lines.push(...batch.map(({text}) => text))
  return lines
}
