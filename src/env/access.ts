import type {Settings} from '../config/load.js'
import type {ServiceState} from '../stack/state.js'

/** How a user logs in to one part of a running stack. A password is named, and shown only if it is publicly known. */
export interface Access {
  service: string
  /** A URL, or host:port with an optional path. */
  address: string
  user: string | null
  /** The variable that holds the password, or the password of the test user of the stubs itself. */
  password: string | null
  /** The file that holds the value of the variable, or `the environment`; null if there is no variable. */
  source: string | null
}

/** Returns the address and the login of each running service that users open. */
export function accessTo(states: ServiceState[], {values, sources}: Settings): Access[] {
  const running = states.filter(({state}) => state === 'running')
  const isStub = (name: string): boolean => running.some(({service, stub}) => service === name && stub)
  // The API pages exist only in the stub of the gateway, and the test user only in that of user.
  const page = isStub('gateway') ? '/docs' : ''
  const known = isStub('gateway') && isStub('user') ? 'test' : undefined
  const endpoints = [
    {
      service: 'gateway',
      port: 8080,
      url: (at: string) => `http://${at}${page}`,
      user: known,
      password: known,
    },
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
  return endpoints.flatMap(({service, port, url, user, password}) => {
    const at = running.find(state => state.service === service)?.published[port]
    if (at === undefined) return []
    const source = (password === undefined ? undefined : sources[password]) ?? null
    return [{service, address: url(at), user: user ?? null, password: password ?? null, source}]
  })
}
