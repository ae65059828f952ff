import {readFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {AquastreamError} from '../../../errors.js'
import {closePipesWhenKilled} from '../../../system/close-pipes.js'
import * as z from '../../../system/zod.js'
import {execa} from '../../../system/execa.js'
import {parseJson} from '../../../system/text/parse-json.js'
import {ANSWER_MS, dockerOptions} from '../../docker/options.js'
import {registryOf} from '../../registry.js'

/** The part of config.json of the docker command that has credentials. */
const configSchema = z.object({
  auths: z.record(z.string(), z.object({auth: z.string().optional()})).default({}),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).default({}),
})

/** The name under which the docker command keeps the credentials of Docker Hub. */
const HUB = 'https://index.docker.io/v1/'
/** The hosts of Docker Hub in the name of an image, and the one that stands for an image without a host. */
const HUB_HOSTS = ['docker.io', 'index.docker.io', 'registry-1.docker.io']

/**
 * Returns the header that passes the user's credentials for the registry of an image on to the nodes, which pull it. They
 * are where `docker login` has put them: https://docs.docker.com/reference/cli/docker/login/#credential-stores
 * @throws timeout: the program that keeps the credentials did not answer
 */
export async function registryAuth(image: string, signal: AbortSignal): Promise<Record<string, string>> {
  const host = registryOf(image)
  const [, port = ''] = /^[^/]+(:\d+)\//.exec(image) ?? []
  const server = HUB_HOSTS.includes(host) ? HUB : host + port
  const login = await findLogin(server, signal)
  if (!login) return {}
  const credentials = {...login, serveraddress: server}
  return {'x-registry-auth': encode(credentials)}
}

/** In the alphabet for URLs, but with the padding that Docker Engine requires and Node's base64url leaves out. */
export function encode(credentials: object): string {
  const base64 = Buffer.from(JSON.stringify(credentials)).toString('base64')
  return base64.replaceAll('+', '-').replaceAll('/', '_')
}

async function findLogin(server: string, signal: AbortSignal): Promise<object | undefined> {
  const path = join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json')
  const text = await readFile(path, 'utf8').catch(() => '{}')
  // As for the docker command, a broken file has no credentials.
  const {data: config} = configSchema.safeParse(parseJson(text))
  if (!config) return undefined
  const {auths, credHelpers, credsStore} = config
  const helper = credHelpers[server] ?? credsStore
  if (helper !== undefined) return askHelper(helper, {server, signal})
  const [, username, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(auths[server]?.auth ?? '', 'base64').toString()) ?? []
  return username === undefined ? undefined : {username, password}
}

const answerSchema = z.object({Username: z.string(), Secret: z.string()})

/** See https://github.com/docker/docker-credential-helpers: the server on stdin, JSON on stdout. */
async function askHelper(
  helper: string,
  {server, signal}: {server: string; signal: AbortSignal},
): Promise<object | undefined> {
  const program = `docker-credential-${helper}`
  const running = execa(program, ['get'], {
    ...dockerOptions({signal}),
    stdin: 'pipe',
    input: server,
    timeout: ANSWER_MS,
  })
  const {exitCode, stdout, timedOut} = await closePipesWhenKilled(running)
  signal.throwIfAborted()
  if (timedOut) throw silent(program, server)
  if (exitCode !== 0) return undefined
  const {Username: username, Secret: secret} = answerSchema.parse(JSON.parse(stdout))
  // The name stands for a token that is no password.
  return username === '<token>' ? {identitytoken: secret} : {username, password: secret}
}

function silent(program: string, server: string): AquastreamError {
  return new AquastreamError('timeout', `${program} did not answer within ${ANSWER_MS / 1000} s`, {
    hint: `check it: echo ${server} | ${program} get; or name another one in config.json of the docker command`,
  })
}
