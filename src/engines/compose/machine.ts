import type {Machine} from '../engine.js'
import {docker} from './docker.js'

/** The machine of the engine, which need not be this one: on macOS and Windows it is a virtual one. */
export async function readMachine(signal: AbortSignal): Promise<Machine> {
  const output = await docker(['info', '--format', '{{.SystemTime}} {{.MemTotal}}'], {signal})
  const [time = '', memory = ''] = output.split(' ')
  // Nanoseconds are more than a Date knows.
  return {time: new Date(time.replace(/(\.\d{3})\d*/, '$1')), memory: Number(memory)}
}
