import {existsSync} from 'node:fs'
import {mkdir, rm, symlink} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {execa} from 'execa'
import {expect, test} from 'vitest'
import {listTree, report} from '../helpers/backups.js'
import {type Block, Guide, guideBlocks} from '../helpers/guide.js'
import {minioPrograms, S3_SECRET, startS3} from '../helpers/offsite-servers.js'
import {OffsiteSite, PASSWORD, resticPrograms, TESTBED, until} from '../helpers/restic.js'
import {idAgo, writeSet} from '../helpers/sets.js'

const blocks = guideBlocks().filter(({section}) => section.startsWith('A server that cannot delete'))
const programs = [...resticPrograms().values()].at(-1)
const SERVER_SECRET = 'server-secret-5c1e7a'
const KEEP_ONE = '--keep-daily 1 --keep-weekly 0 --keep-monthly 0'

/** A site whose programs are restic and the client of MinIO, without Docker. */
async function openSite(): Promise<OffsiteSite> {
  const site = await OffsiteSite.with(programs!, {AQUASTREAM_PROFILE: 'prod'})
  const links = join(site.directory, 'links')
  await mkdir(links)
  for (const name of ['sh', 'ps']) await symlink((await execa('which', [name])).stdout, join(links, name))
  await symlink(join(programs!, 'restic'), join(links, 'restic'))
  site.env.PATH = [links, minioPrograms()].join(delimiter)
  return site
}

test.skipIf(!existsSync(TESTBED) || !programs)(
  'the guide recovers what a taken over server overwrote',
  async () => {
    await using site = await openSite()
    await using server = await startS3(site)
    const {OFFSITE_REPOSITORY: root = ''} = server.settings
    const endpoint = root.replace(/^s3:(.*)\/offsite$/, '$1')
    const sh = (command: string, lines: string[] = []) =>
      execa('sh', ['-c', command], {
        cwd: site.directory,
        env: site.env,
        extendEnv: false,
        input: lines.map(line => `${line}\n`).join(''),
      })
    await Guide.install(site)
    let before = ''
    const run = async (runs: string): Promise<void> => {
      const rescued = join(site.directory, 'rescued')
      const names = {'2026-11-23T03:00:00Z': before, '/srv/rescued': rescued}
      const guide = new Guide(site, site.directory, names)
      for (const block of blocks.filter(one => one.runs === runs)) {
        const {exitCode, stdout, stderr} = await guide.run(block)
        expect(exitCode, block.text + stdout + stderr).toBe(0)
      }
    }

    const [alias, user] = prompts('mc ')
    await sh(alias!.replace('https://s3.example.com', endpoint), ['offsite', S3_SECRET])
    await sh(user!, ['aquastream-prod', SERVER_SECRET])
    await site.write('policy.json', blocks.find(({language}) => language === 'json')!.text)
    await run('locked')

    const settings = {
      OFFSITE_REPOSITORY: `s3:${endpoint}/aquastream-prod`,
      OFFSITE_S3_ACCESS_KEY: 'aquastream-prod',
      OFFSITE_S3_SECRET_KEY: SERVER_SECRET,
      OFFSITE_PASSWORD: PASSWORD,
    }
    delete site.env.OFFSITE_REPOSITORY
    const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    await site.write('.env.prod', text.join(''))
    const backups = join(site.directory, 'backups/prod')
    const [old, id] = [idAgo(72), idAgo(1)]
    await writeSet(backups, old)
    const set = await writeSet(backups, id)
    await report(site, ['offsite:init'])
    await report(site, ['offsite:push'])
    // S3 tells the times of versions to the second.
    const pushed = Date.now()
    await until(() => Date.now() > pushed + 1000)
    before = new Date().toISOString().replace(/\.\d+/, '')
    await until(() => Date.now() > Date.parse(before) + 1000)

    const trusted = {OFFSITE_S3_ACCESS_KEY: 'offsite', OFFSITE_S3_SECRET_KEY: S3_SECRET}
    const rotation = await site.run(`offsite:rotate ${KEEP_ONE} --json`, {env: trusted})
    expect(JSON.parse(rotation.stdout)).toMatchObject({kept: [{id}], deleted: [{id: old}]})

    await sh(alias!.replace('store https://s3.example.com', `server ${endpoint}`), [
      'aquastream-prod',
      SERVER_SECRET,
    ])
    await expect(sh('mc rm --recursive --force server/aquastream-prod')).rejects.toThrow('Access Denied')
    const keys = (await sh('mc find server/aquastream-prod')).stdout.split('\n')
    for (const key of keys) await sh(`mc pipe '${key}'`, ['junk'])
    const asAdministrator = 'mc rm --recursive --force --versions --bypass store/aquastream-prod'
    await expect(sh(asAdministrator)).rejects.toThrow('WORM protected')

    const lost = await listTree(set)
    await rm(backups, {recursive: true})
    await run('rescue')
    expect(await listTree(set)).toEqual(lost)
  },
)

/** The commands of the section that ask for something, and begin with a word. */
function prompts(word: string): string[] {
  const texts = blocks.filter(({language}: Block) => language === 'console').map(({text}) => text)
  return texts
    .join('')
    .match(/(?<=^\$ ).*$/gm)!
    .filter(command => command.startsWith(word))
}
