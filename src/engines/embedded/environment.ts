import {SERVICES} from '../../stack/catalogue.js'

/** The settings by name. */
export type Values = Readonly<Record<string, string>>

/** Returns whether a service runs on this machine; otherwise it is skipped. */
export type Runs = (service: string) => boolean

/** Returns the host:port at which clients on this machine reach a port of a service. */
export function addressOf(service: string, values: Values, port = 0): string {
  const {ports} = SERVICES.find(({name}) => name === service)!
  return `${hostOf(values)}:${values[ports[port]!.variable]}`
}

/** Returns the address of the stack for clients on this machine; they cannot connect to the wildcard address. */
export function hostOf({BIND: bind}: Values): string {
  return bind === '0.0.0.0' ? '127.0.0.1' : bind!
}

/** Returns the URL that a browser opens; the stubs handle the wildcard address themselves. */
function publicUrl(service: string, values: Values): string {
  const {ports} = SERVICES.find(({name}) => name === service)!
  return `http://${values.BIND}:${values[ports[0].variable]}`
}

/**
 * Returns the environment of a backend or of the mocks: the variables of the Compose file, with addresses of this
 * machine instead of container names. A test compares the two. Variables of skipped services are omitted.
 */
export function environmentOf(service: string, values: Values, runs: Runs): Record<string, string> {
  const {kind, schema, ports} = SERVICES.find(({name}) => name === service)!
  return {
    SPRING_APPLICATION_NAME: service,
    SERVER_PORT: values[ports[0].variable]!,
    SERVER_ADDRESS: values.BIND!,
    ...(kind === 'backend' && backend(values, runs)),
    ...(schema && database(schema, values)),
    ...ITS_OWN[service]?.(values, runs),
  }
}

function backend(values: Values, runs: Runs): Record<string, string> {
  return {
    SPRING_PROFILES_ACTIVE: values.AQUASTREAM_PROFILE!,
    MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED: 'true',
    JWT_SECRET: values.JWT_SECRET!,
    ...(runs('redis') && {
      SPRING_DATA_REDIS_HOST: hostOf(values),
      SPRING_DATA_REDIS_PORT: values.REDIS_PORT!,
      SPRING_DATA_REDIS_PASSWORD: values.REDIS_PASSWORD!,
      REDIS_HOST: hostOf(values),
      REDIS_PASSWORD: values.REDIS_PASSWORD!,
    }),
  }
}

function database(schema: string, values: Values): Record<string, string> {
  const {POSTGRES_DB: name, POSTGRES_USER: user, POSTGRES_PASSWORD: password} = values
  return {
    SPRING_DATASOURCE_URL: `jdbc:postgresql://${addressOf('postgres', values)}/${name}?currentSchema=${schema}`,
    SPRING_DATASOURCE_USERNAME: user!,
    SPRING_DATASOURCE_PASSWORD: password!,
    DB_HOST: hostOf(values),
    DB_USER: user!,
    DB_PASSWORD: password!,
  }
}

const TELEGRAM = ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_BOT_USERNAME']
const PAYMENTS = [
  'YOOKASSA_SHOP_ID',
  'YOOKASSA_SECRET_KEY',
  'CLOUDPAYMENTS_PUBLIC_ID',
  'CLOUDPAYMENTS_API_SECRET',
]

/** Variables of single services. */
const ITS_OWN: Partial<Record<string, (values: Values, runs: Runs) => Record<string, string>>> = {
  gateway: values =>
    Object.fromEntries(
      SERVICES.filter(({schema}) => schema).map(({name}) => [
        `${name.toUpperCase()}_SERVICE_URL`,
        `http://${addressOf(name, values)}`,
      ]),
    ),
  payment: values => ({
    ...pick(values, PAYMENTS),
    ...pickUrls(values, ['YOOKASSA_API_URL', 'CLOUDPAYMENTS_API_URL']),
    GATEWAY_PUBLIC_URL: publicUrl('gateway', values),
  }),
  notification: values => ({...pick(values, TELEGRAM), ...pickUrls(values, ['TELEGRAM_API_URL'])}),
  media: (values, runs) =>
    runs('minio')
      ? {
          ...pick(values, ['S3_ACCESS_KEY', 'S3_SECRET_KEY', 'S3_BUCKET']),
          S3_ENDPOINT: `http://${addressOf('minio', values)}`,
        }
      : {},
  mocks: values => ({
    ...pick(values, [...TELEGRAM, ...PAYMENTS]),
    PUBLIC_URL: publicUrl('mocks', values),
    WEBHOOK_URL: `http://${addressOf('gateway', values)}/api/v1/webhooks`,
  }),
}

function pick(values: Values, names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap(name => (values[name] ? [[name, values[name]]] : [])))
}

/** In dev the defaults point to the host name of the mocks, which is replaced by their address. */
function pickUrls(values: Values, names: string[]): Record<string, string> {
  const found = Object.entries(pick(values, names))
  return Object.fromEntries(
    found.map(([name, url]) => [name, url.replace('//mocks:8090', `//${addressOf('mocks', values)}`)]),
  )
}
