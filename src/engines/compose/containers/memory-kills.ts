import {execa} from '../../../system/execa.js'
import {tryDocker} from '../../docker/command.js'
import {dockerOptions} from '../../docker/options.js'
import type {Container} from './states.js'

/**
 * Finds out which containers were restarted after the kernel had killed them for memory. Docker Engine forgets that with
 * the restart. Its last 256 events go back a minute or more; the log of the kernel goes back further, if this user may
 * read it and the engine runs on this machine.
 */
export async function withMemoryKills(containers: Container[], signal?: AbortSignal): Promise<Container[]> {
  const restarted = containers.filter(
    ({RestartCount: restarts, State: {Status: status}}) => restarts > 0 && status === 'running',
  )
  if (restarted.length === 0) return containers
  const [kernel, ...events] = await Promise.all([
    readKernelLog(signal),
    ...restarted.map(container => hasEvent(container, signal)),
  ])
  const killed = restarted.filter(
    (container, index) => events[index] === true || hasKernelLine(container, kernel),
  )
  return containers.map(container =>
    killed.includes(container) ? {...container, death: {exitCode: KILLED, outOfMemory: true}} : container,
  )
}

/** The exit status of a process that SIGKILL ended. */
const KILLED = 137

async function hasEvent({Id: id, State: state}: Container, signal?: AbortSignal): Promise<boolean> {
  const end = Date.parse(state.FinishedAt)
  const [since, until] = [end - 10_000, end + 1000].map(time => new Date(time).toISOString())
  const args = ['events', '--since', since!, '--until', until!, '--filter', `container=${id}`]
  const {stdout} = await tryDocker([...args, '--filter', 'event=oom', '--format', '{{.ID}}'], {signal})
  return stdout !== ''
}

/** The kernel and Docker Engine may disagree by this many ms. */
const TOLERANCE_MS = 60_000

function hasKernelLine({Id: id, State: state}: Container, lines: string[]): boolean {
  return lines.some(line => {
    const time = Date.parse(line.split(' ', 1)[0]!.replace(',', '.'))
    return line.includes(id) && Math.abs(time - Date.parse(state.FinishedAt)) < TOLERANCE_MS
  })
}

/** Returns the lines about killed processes; each has the control group, whose name contains the ID of the container. */
async function readKernelLog(signal?: AbortSignal): Promise<string[]> {
  const {stdout} = await execa('dmesg', ['--time-format', 'iso'], dockerOptions({signal}))
  return stdout.split('\n').filter(line => line.includes('oom-kill:'))
}
