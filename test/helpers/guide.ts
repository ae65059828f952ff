import {readdirSync, readFileSync} from 'node:fs'
import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {delimiter, join, resolve} from 'node:path'
import {execa, execaSync} from 'execa'
import type {Manifest} from '../../src/backup/repository/manifest.js'
import type {Run, Site} from './cli.js'

const ROOT = resolve(import.meta.dirname, '../..')

/** A code block of infra/backup/README.md. */
export interface Block {
  language: string
  text: string
  /** The heading above it. */
  section: string
  /** What its commands need, from the comment before the block. */
  runs: string | undefined
  /** The answer to its question, from the same comment. */
  types: string | undefined
}

/** Returns all code blocks of the backup guide in order. Blocks in lists are indented. */
export function guideBlocks(): Block[] {
  const text = readFileSync(join(ROOT, 'infra/backup/README.md'), 'utf8')
  const pattern =
    /^#+ (?<section>[^\n]*)$|(?:^ *<!-- runs: (?<runs>\w+)(?:, types (?<types>[\w-]+))? -->\n\n)?^(?<indent> *)```(?<language>\w+)\n(?<code>.*?)^ *```$/gms
  let section = ''
  return [...text.matchAll(pattern)].flatMap(({groups = {}}) => {
    section = groups.section ?? section
    const {language, code, indent = '', runs, types} = groups
    if (language === undefined || code === undefined) return []
    return [{language, text: code.replace(new RegExp(`^${indent}`, 'gm'), ''), section, runs, types}]
  })
}

/** Replacements for names of the guide that are different in a test. */
export type Names = Record<string, string>

/** Runs the commands of the guide in a directory, with the package installed globally. */
export class Guide {
  constructor(
    readonly site: Site,
    /** Where the commands run. */
    readonly directory: string,
    private readonly names: Names,
    private readonly env: NodeJS.ProcessEnv = {},
  ) {}

  /** Creates replacements for npm and for the installed aquastream, in a directory that is first in PATH. */
  static async install(site: Site): Promise<string> {
    const bin = join(site.directory, 'bin')
    const modules = join(site.directory, 'node_modules')
    await mkdir(bin)
    const npm = `case "$*" in 'install --global aquastream') ;; 'root --global') echo ${modules} ;; *) exit 1 ;; esac`
    await program(bin, 'npm', npm)
    await program(bin, 'aquastream', `exec ${process.execPath} -- ${join(ROOT, 'bin/run.js')} "$@"`)
    site.env.PATH = [bin, site.env.PATH].join(delimiter)
    return bin
  }

  /** Replaces the names of the guide, and its IDs by those of the newest backup and the newest safety backup. */
  adapt(text: string): string {
    const ids: Names = {
      '20261123T020000Z': this.newest('backup'),
      '20261123T031500Z': this.newest('safety'),
      '2026-11-23T12:00:00Z': new Date().toISOString(),
    }
    return Object.entries({...ids, ...this.names}).reduce(
      (adapted, [name, here]) => adapted.replaceAll(name, here),
      text,
    )
  }

  /** Runs a block in a shell that exits at the first failure. */
  async run({text, types}: Pick<Block, 'text' | 'types'>): Promise<Run> {
    const options = {
      cwd: this.directory,
      extendEnv: false,
      env: {...this.site.env, TERM: 'xterm', ...this.env},
      reject: false,
    } as const
    const command = this.adapt(text)
    const running =
      types === undefined
        ? execa('sh', ['-e', '-c', command], {...options, stdin: 'ignore'})
        : execa('script', ['-qefc', command, '/dev/null'], options)
    if (types !== undefined) {
      // Input that arrives before the question would be discarded.
      let seen = ''
      running.stdout.on('data', (chunk: Buffer) => {
        const asked = seen.includes('to continue:')
        seen += String(chunk)
        if (!asked && seen.includes('to continue:')) running.stdin?.write(`${this.adapt(types)}\r`)
      })
    }
    const {exitCode, stdout, stderr} = await running
    return {exitCode: exitCode ?? -1, stdout, stderr}
  }

  private newest(kind: Manifest['kind']): string {
    const root = join(this.directory, 'backups/prod')
    const ids = names(root)
      .filter(name => /^\d/.test(name))
      .filter(id => kindOf(join(root, id)) === kind)
    return ids.sort().at(-1) ?? 'none'
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function kindOf(set: string): Manifest['kind'] {
  return (JSON.parse(readFileSync(join(set, 'manifest.json'), 'utf8')) as Manifest).kind
}

async function program(directory: string, name: string, script: string): Promise<void> {
  await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`)
  await chmod(join(directory, name), 0o755)
}

/** Returns whether this machine has a program that the guide uses. */
export function has(name: string): boolean {
  return execaSync('sh', ['-c', 'command -v "$1"', 'sh', name], {reject: false}).exitCode === 0
}

/** Six schemas that refer to each other, with 20 rows in "user".sessions. */
export const SMALL_PLATFORM = `
  SET client_min_messages = warning;
  CREATE SCHEMA IF NOT EXISTS "user"; CREATE SCHEMA IF NOT EXISTS event; CREATE SCHEMA IF NOT EXISTS crew;
  CREATE SCHEMA IF NOT EXISTS payment; CREATE SCHEMA IF NOT EXISTS notification; CREATE SCHEMA IF NOT EXISTS media;
  CREATE TABLE "user".accounts (id int PRIMARY KEY, name text);
  CREATE TABLE "user".sessions (id int PRIMARY KEY, account int REFERENCES "user".accounts);
  CREATE TABLE event.events (id int PRIMARY KEY, organizer int REFERENCES "user".accounts);
  CREATE TABLE crew.members (account int REFERENCES "user".accounts, event int REFERENCES event.events);
  CREATE TABLE payment.payments (id int PRIMARY KEY, account int REFERENCES "user".accounts);
  CREATE TABLE notification.messages (id int PRIMARY KEY, body text);
  CREATE TABLE media.files (id int PRIMARY KEY, key text);
  INSERT INTO "user".accounts SELECT n, 'sailor ' || n FROM generate_series(1, 40) n;
  INSERT INTO "user".sessions SELECT n, n FROM generate_series(1, 20) n;
  INSERT INTO event.events SELECT n, n FROM generate_series(1, 10) n;
  INSERT INTO crew.members SELECT n, n FROM generate_series(1, 10) n;
`
export const COUNT_SESSIONS = 'SELECT count(*) FROM "user".sessions'
