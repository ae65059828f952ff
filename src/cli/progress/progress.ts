import type {ProgressPrinter} from './printer.js'

/** Live in a terminal that a person looks at, one group of tasks after the other; lines everywhere else. */
export async function openProgress(groups: string[][]): Promise<ProgressPrinter> {
  if (process.stderr.isTTY && !process.env.CI) {
    const {liveProgress} = await import('./live.js')
    return liveProgress(groups)
  }
  const {plainProgress} = await import('./plain.js')
  return plainProgress()
}
