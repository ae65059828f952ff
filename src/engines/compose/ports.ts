import {createServer} from 'node:net'
import {execa} from 'execa'
import type {Problem} from '../../errors.js'
import {SERVICES} from '../../stack/catalogue.js'
import type {Target} from '../engine.js'
import {dockerOptions} from './docker.js'
import type {Container} from './states.js'

/** The ports of the target that something else holds. Those that its own containers hold are not in the way. */
export async function findTakenPorts(target: Target, containers: Container[]): Promise<Problem[]> {
  const own = new Set(containers.filter(isRunning).flatMap(publishedPorts))
  const bind = target.settings.values.BIND!
  const wanted = SERVICES.filter(({name}) => target.services.includes(name)).flatMap(({name, ports}) =>
    ports.map(({variable}) => ({service: name, variable, port: target.settings.values[variable]!})),
  )
  const problems = await Promise.all(
    wanted.map(async ({service, variable, port}): Promise<Problem[]> => {
      if (own.has(port) || (await isFree(Number(port), bind))) return []
      const holder = await findHolder(port)
      return [
        {
          code: 'port-taken',
          message: `port ${port} of ${service} is taken${holder ? ` by ${holder}` : ''}`,
          hint: `stop what holds it, or give ${service} another: ${variable}=${Number(port) + 10_000}`,
        },
      ]
    }),
  )
  return problems.flat()
}

function isRunning({State: {Status: status}}: Container): boolean {
  return status === 'running' || status === 'restarting'
}

function publishedPorts({NetworkSettings: {Ports: ports}}: Container): string[] {
  return Object.values(ports).flatMap(bindings => (bindings ?? []).map(({HostPort: port}) => port))
}

/** Only "address in use" counts: the engine may well be allowed what this user is not. */
async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    return await new Promise<boolean>(resolve => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code !== 'EADDRINUSE')
      })
      server.listen({port, host, exclusive: true}, () => {
        resolve(true)
      })
    })
  } finally {
    server.close()
  }
}

/** The container or process behind a port, as far as the system tells this user. */
async function findHolder(port: string): Promise<string | undefined> {
  return (await holdingContainer(port)) ?? (await holdingProcess(port))
}

async function holdingContainer(port: string): Promise<string | undefined> {
  const args = ['ps', '--filter', `publish=${port}`, '--format', '{{.Names}}']
  const {stdout} = await execa('docker', args, dockerOptions({}))
  const name = stdout.split('\n')[0]
  return name ? `the container ${name}` : undefined
}

/** lsof is on every macOS and most Linux machines, ss on nearly every Linux; each prints what it may see. */
async function holdingProcess(port: string): Promise<string | undefined> {
  const lsof = await execa('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], dockerOptions({}))
  const byLsof = /^p(?<pid>\d+)\nc(?<name>.+)$/m.exec(lsof.stdout)?.groups
  const ss = byLsof ? undefined : await execa('ss', ['-Hltnp', `sport = :${port}`], dockerOptions({}))
  const bySs = /\(\("(?<name>[^"]+)",pid=(?<pid>\d+)/.exec(ss?.stdout ?? '')?.groups
  const process = byLsof ?? bySs
  return process && `${process.name} (process ${process.pid})`
}
