import {readFile} from 'node:fs/promises'

/** The user that owns the data and runs the programs that must not run as root. */
export interface Owner {
  name: string
  uid: number
  gid: number
}

/** Returns the user for PostgreSQL, which refuses to run as root; undefined if the current user is not root. */
export async function findOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return (
    findUser('postgres', users) ?? findUser('nobody', users) ?? {name: 'nobody', uid: 65_534, gid: 65_534}
  )
}

/** Each line is `name:password:uid:gid:…`, see passwd(5). */
function findUser(name: string, users: string): Owner | undefined {
  const line = users.split('\n').find(each => each.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':').map(Number) ?? []
  return uid && gid !== undefined ? {name, uid, gid} : undefined
}
