import {SERVICES} from '../../stack/catalogue.js'

/** The settings by name. */
export type Values = Readonly<Record<string, string>>

/** Whether a service runs, or is skipped on this machine. */
export type Runs = (service: string) => boolean

/** Where others reach a port of a service: "every address" is not one that a client connects to. */
export function addressOf(service: string, values: Values, port = 0): string {
  const {ports} = SERVICES.find(({name}) => name === service)!
  return `${hostOf(values)}:${values[ports[port]!.variable]}`
}

/** The address at which the stack is reached from this machine. */
export function hostOf({BIND: bind}: Values): string {
  return bind === '0.0.0.0' ? '127.0.0.1' : bind!
}

/** What a person's browser opens; the stubs know what to make of "every address". */
function publicUrl(service: string, values: Values): string {
  const {ports} = SERVICES.find(({name}) => name === service)!
  return `http://${values.BIND}:${values[ports[0].variable]}`
}

/**
 * What a backend or the mocks are told: the variables of the compose file, with addresses of this machine in the place
 * of names of containers. A test compares the two. Of what is skipped nothing is told.
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

/** What only one service gets. */
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

/** In dev these lead to the mocks by the name of their container, unless somebody has set them. */
function pickUrls(values: Values, names: string[]): Record<string, string> {
  const found = Object.entries(pick(values, names))
  return Object.fromEntries(
    found.map(([name, url]) => [name, url.replace('//mocks:8090', `//${addressOf('mocks', values)}`)]),
  )
}
