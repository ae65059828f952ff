import {join} from 'node:path'
import {readSmallFile} from '../../../system/files/read-file.js'
import {replaceFile} from '../../../system/files/replace-file.js'
import {succeeds} from '../../../system/succeeds.js'
import {parseJson} from '../../../system/text/parse-json.js'
import * as z from '../../../system/zod.js'
import {createHistory, historyPath, type Place} from './store.js'

const schema = z.record(z.string(), z.number().nonnegative())

/** Reads how many seconds the last start of each service took. A damaged file counts as none: these are estimates. */
export async function readStartTimes(place: Place): Promise<Map<string, number>> {
  const text = await readSmallFile(pathOf(place)).catch(() => '')
  return new Map(Object.entries(schema.safeParse(parseJson(text.toString())).data ?? {}))
}

/** Saves how long services took to start, besides those of the other services. */
export async function saveStartTimes(place: Place, seconds: Map<string, number>): Promise<void> {
  if (seconds.size === 0) return
  const all = Object.fromEntries([...(await readStartTimes(place)), ...seconds])
  await succeeds(createHistory(place).then(() => replaceFile(pathOf(place), `${JSON.stringify(all)}\n`)))
}

function pathOf(place: Place): string {
  return join(historyPath(place), 'starts.json')
}
