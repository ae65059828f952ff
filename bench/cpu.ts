import {readFile} from 'node:fs/promises'
import {availableParallelism, loadavg} from 'node:os'

/** Clock ticks per second of /proc, see proc(5) and sysconf(3): 100 on every platform of Linux that Node supports. */
const TICKS = 100

/**
 * Returns the CPU seconds that a server, and the programs that this process has started, have used so far; NaN without /proc.
 * Unlike the elapsed time, they depend little on what else the machine does. Processes that still run do not count.
 * @param server the process ID of the server, whose sessions are its children
 */
export async function cpuSeconds(server: number): Promise<number> {
  const [theirs, ours] = await Promise.all([timesOf(server), timesOf('self')])
  return theirs.own + theirs.children + ours.children
}

async function timesOf(pid: number | 'self'): Promise<{own: number; children: number}> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // After the name, which is in parentheses, follow the fields 3 and up; 14 to 17 are utime, stime, cutime and cstime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const seconds = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) / TICKS
  return {own: seconds(11), children: seconds(13)}
}

/** Other processes on the machine increase all elapsed times, those of parallel runs most. */
export function printLoad(): void {
  console.log(`${availableParallelism()} processors, load of the last minute ${loadavg()[0]!.toFixed(1)}\n`)
}
