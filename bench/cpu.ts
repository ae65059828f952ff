import {readFile} from 'node:fs/promises'
import {availableParallelism, loadavg} from 'node:os'

/** Clock ticks per second of /proc, see proc(5) and sysconf(3): 100 on every platform of Linux that Node supports. */
const TICKS = 100

/**
 * Returns the CPU seconds that processes and their children that have ended have used so far; NaN without /proc. Unlike the
 * elapsed time, they depend little on what else the machine does.
 */
export async function cpuSeconds(pids: (number | 'self')[]): Promise<number> {
  const seconds = await Promise.all(
    pids.map(async pid => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // After the name, which is in parentheses, follow the fields 3 and up; 14 to 17 are utime, stime, cutime and cstime.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
    }),
  )
  return seconds.reduce((sum, each) => sum + each, 0)
}

/** Other processes on the machine increase all elapsed times, those of parallel runs most. */
export function printLoad(): void {
  console.log(`${availableParallelism()} processors, load of the last minute ${loadavg()[0]!.toFixed(1)}\n`)
}
