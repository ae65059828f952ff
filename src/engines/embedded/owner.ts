import {execa} from 'execa'

/** The user that owns data and runs what must not run as root. */
export interface Owner {
  name: string
  uid: number
  gid: number
}

/** PostgreSQL refuses to run as root; started by anybody else, everything runs as that user, and this is nothing. */
export async function findOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  return (
    (await findUser('postgres')) ?? (await findUser('nobody')) ?? {name: 'nobody', uid: 65_534, gid: 65_534}
  )
}

async function findUser(name: string): Promise<Owner | undefined> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async flag => execa('id', [flag, name], {reject: false})),
  )
  if (uid?.exitCode !== 0 || gid?.exitCode !== 0) return undefined
  return {name, uid: Number(uid.stdout), gid: Number(gid.stdout)}
}
