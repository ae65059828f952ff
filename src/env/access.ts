import type {Settings} from '../config/load.js'
import type {ServiceState} from '../stack/state.js'

/** How a person gets into one part of a running stack. Passwords are named, and shown only where everybody knows them. */
export interface Access {
  service: string
  /** A URL, or host:port with what follows. */
  address: string
  user: string | null
  /** The variable that holds it, or the password itself of the user whom every stub knows. */
  password: string | null
  /** Where the variable's value is; null where there is none. */
  from: 'generated' | 'settings' | null
}

/** Where to go, and who to be there, for each running service that people open. */
export function accessTo(states: ServiceState[], {values, generated}: Settings): Access[] {
  const running = states.filter(({state}) => state === 'running')
  // Its user and its pages about the API are the stub's own.
  const [known] = ['gateway', 'user'].every(name =>
    running.some(({service, stub}) => service === name && stub),
  )
    ? ['test']
    : []
  const doors = [
    {service: 'gateway', port: 8080, url: (at: string) => `http://${at}/docs`, user: known, password: known},
    {service: 'mocks', port: 8090, url: (at: string) => `http://${at}`},
    {
      service: 'postgres',
      port: 5432,
      url: (at: string) => `${at}/${values.POSTGRES_DB}`,
      user: values.POSTGRES_USER,
      password: 'POSTGRES_PASSWORD',
    },
    {service: 'redis', port: 6379, url: (at: string) => at, password: 'REDIS_PASSWORD'},
    {
      service: 'minio',
      port: 9001,
      url: (at: string) => `http://${at}`,
      user: values.S3_ACCESS_KEY,
      password: 'S3_SECRET_KEY',
    },
  ]
  return doors.flatMap(({service, port, url, user, password}) => {
    const at = running.find(state => state.service === service)?.published[port]
    if (at === undefined) return []
    const isMade = generated?.names.includes(password ?? '') ?? false
    const from = password === undefined || password === known ? null : isMade ? 'generated' : 'settings'
    return [{service, address: url(at), user: user ?? null, password: password ?? null, from} as const]
  })
}
