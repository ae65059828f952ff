import {execa} from '../../system/execa.js'
import {once} from '../../system/once.js'
import {dockerEnvironment, dockerOptions} from './options.js'

/** Returns the address of Docker Engine, such as unix:///var/run/docker.sock; undefined for an unusable context. */
export async function endpoint(): Promise<string | undefined> {
  return dockerEnvironment().DOCKER_HOST || contextEndpoint()
}

/** The Docker context does not change while a command runs. */
const contextEndpoint = once(async () => {
  const format = '{{.Endpoints.docker.Host}}'
  const {stdout} = await execa('docker', ['context', 'inspect', '--format', format], dockerOptions({}))
  return stdout || undefined
})

/** Returns whether Docker Engine uses the ports and the disk of this machine. */
export async function isEngineLocal(): Promise<boolean> {
  return (await endpoint())?.startsWith('unix://') ?? false
}
