import * as z from '../../../system/zod.js'
import {requireRows, unknownPart} from './table.js'

const words = z.array(z.string()).nullish()
const strings = z
  .record(z.string(), z.string())
  .nullish()
  .transform(value => value ?? {})
/** The names of the services that have to be ready before. */
const needs = z
  .record(z.string(), z.unknown())
  .default({})
  .transform(value => Object.keys(value))
const named = z.record(z.string(), z.unknown()).nullish()

const healthcheckSchema = z.object({
  test: z.array(z.string()),
  interval: z.string(),
  timeout: z.string(),
  retries: z.number(),
  start_period: z.string(),
  start_interval: z.string(),
})
export type HealthCheck = z.infer<typeof healthcheckSchema>

const serviceSchema = z.object({
  image: z.string(),
  command: words,
  entrypoint: words,
  environment: strings,
  healthcheck: healthcheckSchema.optional(),
  labels: strings,
  logging: z.object({driver: z.string(), options: strings}),
  networks: named,
  ports: z.array(z.object({target: z.number(), published: z.string(), protocol: z.string()})).default([]),
  read_only: z.boolean().default(false),
  security_opt: z.array(z.string()).default([]),
  cap_add: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  user: z.string().optional(),
  init: z.boolean().optional(),
  stop_signal: z.string().optional(),
  stop_grace_period: z.string().optional(),
  shm_size: z.string().optional(),
  tmpfs: z.array(z.string()).default([]),
  volumes: z.array(z.object({type: z.literal('volume'), source: z.string(), target: z.string()})).default([]),
  configs: z.array(z.object({source: z.string(), target: z.string()})).default([]),
  depends_on: needs,
  deploy: z.object({resources: z.object({limits: z.object({memory: z.string(), pids: z.number()})})}),
})
export type ComposeService = z.infer<typeof serviceSchema>

const fileSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.object({name: z.string(), labels: strings})),
  volumes: z.record(z.string(), z.object({name: z.string(), labels: strings})),
  configs: z.record(z.string(), z.object({content: z.string()})).default({}),
})
export type ComposeFile = z.infer<typeof fileSchema>

/** The lists and objects of a service that have a table of their own. */
const PARTS = [
  ['healthcheck', 'healthcheck'],
  ['logging', 'logging'],
  ['deploy', 'deploy'],
  ['ports', 'port'],
  ['volumes', 'volume'],
  ['configs', 'config'],
] as const

/**
 * Parses the output of `docker compose config --format json`.
 * @throws compose-unknown: it has a key that nobody has said how to translate
 */
export function parseComposeFile(json: string): ComposeFile {
  const file = unescape(JSON.parse(json)) as Record<string, unknown>
  requireRows('file', file, 'file')
  for (const [name, service] of entries(file.services)) requireServiceRows(name, service)
  for (const [name, part] of entries(file.networks)) requireRows('fileNetwork', part, `networks.${name}`)
  for (const [name, part] of entries(file.volumes)) requireRows('fileVolume', part, `volumes.${name}`)
  for (const [name, part] of entries(file.configs)) requireRows('fileConfig', part, `configs.${name}`)
  return fileSchema.parse(file)
}

function requireServiceRows(name: string, service: Record<string, unknown>): void {
  requireRows('service', service, name)
  requireValues(name, service)
  for (const [key, part] of PARTS)
    for (const value of [service[key] ?? []].flat()) requireRows(part, value, `${name}.${key}`)
  const {resources = {}} = (service.deploy ?? {}) as {resources?: {limits?: object}}
  requireRows('resources', resources, `${name}.deploy.resources`)
  requireRows('limits', resources.limits ?? {}, `${name}.deploy.resources.limits`)
}

/** The values that are translated; the keys have a row, but any other value would be lost. */
const VALUES: Record<string, RegExp> = {
  security_opt: /^no-new-privileges:true$/,
  network_mode: /^none$/,
  tmpfs: /^[^:]+(?::(?:(?:mode=1777|size=\d+[kmg]?|exec)(?:,|$))*)?$/,
}

function requireValues(name: string, service: Record<string, unknown>): void {
  for (const [key, form] of Object.entries(VALUES)) {
    const values = [service[key] ?? []].flat().map(String)
    const unknown = values.find(value => !form.test(value))
    if (unknown !== undefined) throw unknownPart(`${name}.${key}: ${unknown}`)
  }
}

function entries(part: unknown): [string, Record<string, unknown>][] {
  return Object.entries((part ?? {}) as Record<string, Record<string, unknown>>)
}

/** Compose writes `$` as `$$`, so that its output can be read as a Compose file again. */
function unescape(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$$', () => '$')
  if (Array.isArray(value)) return value.map(unescape)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unescape(inner)]))
}
