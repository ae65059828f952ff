import {AquastreamError} from '../../../errors.js'

/**
 * What becomes of each key of `docker compose config`. A key without a row is an error, so that nothing of the Compose
 * file is dropped in silence. Key by key, because a new version of Compose may print more of them.
 */
export const TABLE = {
  file: {
    name: 'prefix of all names; the namespace of the stack',
    services: 'services of the stack; jobs run apart from it',
    networks: 'overlay networks',
    volumes: 'volumes of the same names and labels, so that both engines use the same data',
    configs: 'Swarm configs, named after a hash of their content',
    'x-*': 'dropped: YAML anchors',
  },
  service: {
    profiles: 'dropped: Compose has selected the services',
    image: 'pinned to a digest or an image ID, with its tag in a label',
    command: 'arguments; backends get those of the image if there are none',
    entrypoint: 'command; backends get a directory of their own in /tmp before it',
    environment:
      'environment, escaped; secrets become files in /run/secrets; the gateway is told that edge is before it',
    healthcheck: 'health check, with patient times: Swarm ends a task that fails it',
    labels: 'labels of the service and its containers',
    logging: 'log driver of the tasks',
    networks: 'networks, under the name of the service',
    network_mode: 'none: a network of its own without a way out; another value is an error',
    ports: 'host mode, on edge only; dropped elsewhere, because Swarm publishes on every address',
    read_only: 'read-only root',
    restart: 'restarted by Swarm after 2 s, jobs never',
    security_opt: 'no-new-privileges; another value is an error',
    cap_add: 'added capabilities',
    cap_drop: 'dropped capabilities',
    user: 'user',
    init: 'init process',
    stop_signal: 'stop signal',
    stop_grace_period: 'grace period',
    shm_size: 'tmpfs at /dev/shm',
    tmpfs:
      'tmpfs; with exec, a volume in memory, because those of Swarm are always noexec; other options than size and mode=1777 are an error',
    volumes: 'volumes of the data node',
    configs: 'Swarm configs',
    depends_on: 'jobs that need nothing run first; the rest of the order is that of the engine',
    deploy: 'limits; the number of containers comes from REPLICAS_<SERVICE>',
  },
  healthcheck: {
    test: 'test; that of a backend checks readiness at first and liveness from then on',
    interval: 'interval',
    timeout: 'at least 15 s: a busy machine must not end healthy tasks',
    retries: 'retries',
    start_period: 'start period',
    start_interval: 'start interval',
  },
  deploy: {resources: 'limits', placement: 'dropped: placement by kind of service'},
  resources: {limits: 'limits'},
  limits: {memory: 'memory limit', pids: 'limit of processes'},
  logging: {driver: 'driver', options: 'options'},
  port: {
    target: 'port of the container',
    published: 'port of the host',
    protocol: 'protocol',
    mode: 'dropped: always host',
    host_ip: 'dropped: Swarm knows no addresses, and a start refuses BIND other than 0.0.0.0',
  },
  volume: {type: 'type', source: 'name, with the prefix', target: 'path', volume: 'dropped: empty'},
  config: {source: 'config', target: 'path'},
  fileNetwork: {name: 'name', ipam: 'dropped: empty', labels: 'labels'},
  fileVolume: {name: 'name', labels: 'labels'},
  fileConfig: {name: 'prefix of the name', content: 'content'},
} as const satisfies Record<string, Record<string, string>>

/**
 * Checks that every key of a part of the Compose file has a row in the table.
 * @param place where the part is, such as `postgres.healthcheck`
 * @throws compose-unknown
 */
export function requireRows(part: keyof typeof TABLE, keys: object, place: string): void {
  const unknown = Object.keys(keys).find(key => !(key in TABLE[part]) && !isExtension(part, key))
  if (unknown !== undefined) throw unknownPart(`${place}.${unknown}`)
}

/** The error about a part of the Compose file that would be lost. */
export function unknownPart(place: string): AquastreamError {
  return new AquastreamError('compose-unknown', `the swarm engine cannot translate ${place}`, {
    hint: 'use the Compose file that is shipped with aquastream; if it is, update aquastream, or use an older Docker Compose',
  })
}

function isExtension(part: keyof typeof TABLE, key: string): boolean {
  return part === 'file' && key.startsWith('x-')
}
