import {canUpdateInPlace} from '../terminal/in-place.js'
import type {ProgressPrinter} from './printer.js'

/** Opens a live printer in a terminal that can update its lines, and a printer of plain lines otherwise. */
export async function openProgress(groups: string[][]): Promise<ProgressPrinter> {
  if (canUpdateInPlace(process.stderr)) {
    const {liveProgress} = await import('./live.js')
    return liveProgress(groups)
  }
  const {plainProgress} = await import('./plain.js')
  return plainProgress()
}
