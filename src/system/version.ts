import {readFileSync} from 'node:fs'

const {version, engines} = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as {
  version: string
  engines: {node: string}
}

/** Of this package. */
export {version}

/** The oldest Node that it runs on. */
export const oldestNode = engines.node.replace('>=', '')
