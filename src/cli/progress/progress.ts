import type {ProgressPrinter} from './printer.js'

/** Opens a live printer in an interactive terminal, and a printer of plain lines otherwise. */
export async function openProgress(groups: string[][]): Promise<ProgressPrinter> {
  if (process.stderr.isTTY && !process.env.CI) {
    const {liveProgress} = await import('./live.js')
    return liveProgress(groups)
  }
  const {plainProgress} = await import('./plain.js')
  return plainProgress()
}
