import {docker} from '../docker/command.js'
import type {Machine} from '../engine.js'

/** Reads time and memory of the machine of Docker Engine, which on macOS and Windows is a virtual machine. */
export async function readMachine(signal: AbortSignal): Promise<Machine> {
  const output = await docker(['info', '--format', '{{.SystemTime}} {{.MemTotal}}'], {signal})
  const [time = '', memory = ''] = output.split(' ')
  // A Date has a resolution of milliseconds; Docker Engine reports nanoseconds.
  return {time: new Date(time.replace(/(\.\d{3})\d*/, '$1')), memory: Number(memory)}
}
