import {JOBS} from '../../../stack/catalogue.js'
import {bytes} from './units.js'
import type {ComposeFile, ComposeService} from './compose-file.js'
import {LABEL, labelsOf, type Mount} from './spec.js'

/** Translates what a service mounts: volumes with data, file systems in memory, and shared memory. */
export function translateMounts(
  name: string,
  {volumes, tmpfs, shm_size: shared}: ComposeService,
  {file, project}: {file: ComposeFile; project: string},
): Mount[] {
  return [
    ...volumes.map(({source, target}): Mount => ({
      Type: 'volume',
      Source: file.volumes[source]!.name,
      Target: target,
      // As Compose sets them, so that it accepts the volume later.
      VolumeOptions: {
        NoCopy: isPrepared(source, file),
        Labels: {
          ...file.volumes[source]!.labels,
          'com.docker.compose.project': project,
          'com.docker.compose.volume': source,
        },
      },
    })),
    ...tmpfs.map(entry => inMemory(name, entry, project)),
    ...(shared === undefined ? [] : [memory('/dev/shm', bytes(shared))]),
  ]
}

/**
 * Returns whether a job changes the owner of a volume. Docker Engine sets that of the image again whenever a container with
 * an empty volume is created, and in a Swarm that is after the job.
 */
function isPrepared(volume: string, {services}: ComposeFile): boolean {
  return JOBS.some(({name}) => services[name]?.volumes.some(({source}) => source === volume))
}

/** Parses an entry such as `/tmp:mode=1777,size=128m,exec`. */
function inMemory(name: string, entry: string, project: string): Mount {
  const [target = '', list = ''] = entry.split(':')
  const options = list.split(',')
  const value = (key: string): string =>
    options.find(option => option.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
  if (!options.includes('exec')) return memory(target, bytes(value('size')))
  // https://github.com/moby/moby/issues/32131. One name per slot, because Swarm never removes a volume.
  return {
    Type: 'volume',
    Source: `${project}_${name}${target.replaceAll('/', '-')}-{{.Task.Slot}}`,
    Target: target,
    VolumeOptions: {
      Labels: {...labelsOf(project), [LABEL.kind]: 'memory'},
      DriverConfig: {
        Name: 'local',
        Options: {
          type: 'tmpfs',
          device: 'tmpfs',
          o: `size=${value('size')},mode=${value('mode')},nosuid,nodev`,
        },
      },
    },
  }
}

function memory(target: string, size: number): Mount {
  return {Type: 'tmpfs', Target: target, TmpfsOptions: {SizeBytes: size, Mode: 0o1777}}
}
