import {resolve} from 'node:path'
import {execa} from 'execa'
import {errorOf, type Run, Site} from '../helpers/cli.js'

export const BIN = resolve(import.meta.dirname, '../../bin/run.js')

/** The user nobody: it has an entry in the user database, but no home directory. */
export const NOBODY = 65_534

/** A site without any program in PATH, such as docker. */
export function siteWithoutDocker(env: NodeJS.ProcessEnv = {}): Promise<Site> {
  return Site.open({PATH: '/nonexistent', ...env})
}

/** The error of every start on such a site. */
export const NO_DOCKER = {
  code: 'engine-missing',
  exitCode: 3,
  message: 'the docker command was not found on this machine',
  hint: 'install Docker Engine with the Compose plugin: https://docs.docker.com/engine/install/',
}

/** Returns the messages of a failed run with --json, except the one about the missing engine. */
export function problemsOf(run: Run): string[] {
  const {problems = [errorOf(run)]} = errorOf(run) as {problems?: {message: string}[]}
  return problems.map(({message}) => message).filter(message => message !== NO_DOCKER.message)
}

/** Returns why the CLI cannot run as another user; undefined if it can. */
export async function whyNotAs(user: number): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root to become another user'
  await using site = await siteWithoutDocker()
  const {exitCode} = await site.run('--version', {user, cwd: '/'})
  return exitCode === 0 ? undefined : `user ${user} cannot read this checkout`
}

/** Runs a shell script in which `aquastream` is the CLI, for tests of redirections. */
export async function inShell(site: Site, script: string): Promise<Run> {
  const lines = ['aquastream() { "$NODE" -- "$BIN" "$@"; }', script]
  const {exitCode, stdout, stderr} = await execa('/bin/sh', ['-c', lines.join('\n')], {
    cwd: site.directory,
    stdin: 'ignore',
    reject: false,
    extendEnv: false,
    env: {...site.env, BIN, NODE: process.execPath},
  })
  return {exitCode: exitCode ?? -1, stdout, stderr}
}
