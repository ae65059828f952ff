import {readFile} from 'node:fs/promises'

/** Returns the words that run a command of infra/offsite/store.sh where the data of a store is. */
export async function storeScript(command: StoreCommand): Promise<[string, ...string[]]> {
  const text = await readFile(new URL('../../../infra/offsite/store.sh', import.meta.url), 'utf8')
  return ['sh', '-c', text, 'store.sh', command]
}

/** The commands of the script. */
export type StoreCommand =
  'is-whole' | 'changes' | 'save-redis' | 'prepare' | 'load-redis' | 'exchange' | 'undo' | 'finish'
