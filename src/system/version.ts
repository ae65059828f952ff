import {readFileSync} from 'node:fs'

const {version, engines} = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as {
  version: string
  engines: {node: string}
}

/** The version of this package. */
export {version}

/** The oldest version of Node.js that this package supports. */
export const oldestNode = engines.node.replace('>=', '')
