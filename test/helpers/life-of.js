// With a pid: describes the process as JSON. With such a description: tells whether the process still lives.
import {identify, lifeOf} from '../../dist/system/process-identity.js'

const argument = JSON.parse(process.argv[2])
const answer =
  typeof argument === 'number' ? JSON.stringify(await identify(argument)) : await lifeOf(argument)
process.stdout.write(`${answer}\n`)
