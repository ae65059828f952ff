import {SETTINGS} from '../../config/settings.js'
import type {Problem} from '../../errors.js'
import type {Target} from '../engine.js'
import type {Network} from './objects.js'
import {secretsOf} from './translate/secrets.js'

/** The length that Swarm allows for the name of a secret. Those of services, configs and networks are shorter here. */
const LONGEST_NAME = 64

/** The length of the longest name of a secret, besides that of the project. */
const REST = Math.max(
  ...secretsOf('', Object.fromEntries(SETTINGS.filter(isSecret).map(({name}) => [name, '']))).map(
    ({name}) => name.length,
  ),
)

function isSecret({secret, readBy}: (typeof SETTINGS)[number]): boolean {
  return secret === true && readBy !== 'cli'
}

/** Swarm would refuse the first secret whose name is too long, after other objects have been created. */
export function findNameProblems({settings: {project}}: Target): Problem[] {
  const limit = LONGEST_NAME - REST
  if (project.length <= limit) return []
  return [
    {
      code: 'settings-invalid',
      message: `the project name ${project} has ${project.length} characters, and Swarm allows ${limit}, because the names of secrets begin with it`,
      hint: `set AQUASTREAM_PROJECT to at most ${limit} characters`,
    },
  ]
}

/** Docker Engine cannot change a network, and the user would believe that the traffic is encrypted. */
export function findEncryptionProblems(
  {settings: {profile, values}}: Target,
  networks: Network[],
): Problem[] {
  const wanted = values.AQUASTREAM_SWARM_ENCRYPTED ?? 'no'
  const differs = networks.some(
    ({Options: {encrypted}}) => (encrypted === undefined ? 'no' : 'yes') !== wanted,
  )
  if (!differs) return []
  return [
    {
      code: 'settings-invalid',
      message: `AQUASTREAM_SWARM_ENCRYPTED=${wanted} cannot change the networks of a stack that exists`,
      hint: `remove the stack first; the data stays: aquastream env:down --profile ${profile}`,
    },
  ]
}
