import {readdir, readFile} from 'node:fs/promises'

/**
 * Returns the memory in use by each program and its descendants, in bytes; shared pages are counted once (Pss, see
 * proc(5)). Empty where the system has no /proc.
 */
export async function memoryOf(pids: Map<string, number>): Promise<Map<string, number>> {
  const parents = await parentsOfAll()
  const family = (pid: number): number[] => [
    pid,
    ...[...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => family(child)),
  ]
  const uses = [...pids].map(async ([service, pid]) => {
    const all = await Promise.all(family(pid).map(proportionalSize))
    return [service, all.reduce((sum, bytes) => sum + bytes, 0)] as const
  })
  return new Map((await Promise.all(uses)).filter(([, bytes]) => bytes > 0))
}

async function parentsOfAll(): Promise<Map<number, number>> {
  const names = await readdir('/proc').catch(() => [])
  const pairs = names.map(async name => {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : ''
    // Field 4 of /proc/pid/stat, see proc(5); the name in field 2 may contain spaces.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return parent > 0 ? [[Number(name), parent] as const] : []
  })
  return new Map((await Promise.all(pairs)).flat())
}

async function proportionalSize(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}
