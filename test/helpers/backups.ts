import {lstat, readdir, readFile, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import type {BackupReport} from '../../src/backup/create.js'
import type {RestoreReport} from '../../src/backup/restore/restore.js'
import {errorOf, type Run, Site} from './cli.js'
import type {TestServer} from './postgres.js'

/** A site whose database is that of a test server, with the programs of its version and without Docker. */
export function siteFor({url, env}: Pick<TestServer, 'url' | 'env'>): Promise<Site> {
  return Site.open({...env, DATABASE_URL: url, AQUASTREAM_PROFILE: 'dev'})
}

/** Returns the repository of the dev profile of a site. */
export function rootOf({directory}: Site): string {
  return join(directory, 'backups', 'dev')
}

export function backup(site: Site, ...words: string[]): Promise<BackupReport> {
  return report(site, ['db:backup', ...words])
}

export function restore(site: Site, ...words: string[]): Promise<RestoreReport> {
  return report(site, ['db:restore', '--yes', ...words])
}

/**
 * Installs scripts that run instead of streams of backup.sh or restore.sh, for example to simulate a lost connection.
 * @param scripts by the name of the stream, such as `replay` or `facts`
 * @returns environment variables for a run of the CLI
 */
export async function detour(
  {directory}: Site,
  {env}: Pick<TestServer, 'env'>,
  scripts: Record<string, string>,
): Promise<{PATH: string}> {
  // The CLI runs: sh -c SCRIPT backup.sh --stream NAME
  const cases = Object.entries(scripts).map(([stream, script]) => `'--stream ${stream}') ${script} ;;\n`)
  const text = `#!/bin/sh\ncase "$4 $5" in\n${cases.join('')}*) exec /bin/sh "$@" ;;\nesac\n`
  await writeFile(join(directory, 'sh'), text, {mode: 0o755})
  return {PATH: [directory, env.PATH].join(delimiter)}
}

/** Runs a command that must succeed, and returns its JSON result. */
export async function report<T>(site: Site, words: string[]): Promise<T> {
  const run = await site.run([...words, '--json'])
  if (run.exitCode !== 0) throw new Error(`exit ${run.exitCode}: ${run.stdout}${run.stderr}`)
  return JSON.parse(run.stdout) as T
}

/** Runs a command that must fail, and returns its error. */
export async function failure(site: Site, ...words: string[]): Promise<ReturnType<typeof errorOf>> {
  const run = await site.run([...words, '--json'])
  if (run.exitCode === 0) throw new Error(`the command succeeded: ${run.stdout}`)
  return errorOf(run)
}

/** Runs a command as it is printed for users: quoted for a shell. */
export function runPrinted(site: Site, command: string, ...more: string[]): Promise<Run> {
  const words = [...command.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll(String.raw`'\''`, "'") ?? plain!,
  )
  return site.run([...words.slice(1), ...more])
}

/** Lists everything in a directory: path, mode in octal, and content of files. */
export async function listTree(directory: string): Promise<{path: string; mode: string; content: Buffer}[]> {
  const names = await readdir(directory, {recursive: true})
  return Promise.all(
    ['', ...names].sort().map(async name => {
      const path = join(directory, name)
      const stat = await lstat(path)
      const mode = (stat.mode & 0o7777).toString(8)
      return {path: name, mode, content: stat.isFile() ? await readFile(path) : Buffer.alloc(0)}
    }),
  )
}

/** The schemas of the platform with a few small tables, and foreign keys in both directions. */
export const SMALL = `
  CREATE SCHEMA "user"; CREATE SCHEMA event; CREATE SCHEMA crew; CREATE SCHEMA payment;
  CREATE SCHEMA notification; CREATE SCHEMA media;
  CREATE TYPE "user".state AS ENUM ('active', 'blocked');
  CREATE FUNCTION "user".fold(text) RETURNS text IMMUTABLE RETURN lower($1);
  CREATE TABLE "user".accounts (id int PRIMARY KEY, name text NOT NULL, balance int DEFAULT 100, favourite int);
  CREATE TABLE event.events (id int PRIMARY KEY, organiser int NOT NULL REFERENCES "user".accounts, title text);
  CREATE TABLE payment.payments (id int PRIMARY KEY, account int REFERENCES "user".accounts, balance int DEFAULT 100);
  INSERT INTO "user".accounts SELECT n, 'name ' || n FROM generate_series(1, 50) n;
  INSERT INTO event.events SELECT n, n, 'event ' || n FROM generate_series(1, 50) n;
  INSERT INTO payment.payments SELECT n, n FROM generate_series(1, 50) n;
  ALTER TABLE "user".accounts ADD CONSTRAINT likes FOREIGN KEY (favourite) REFERENCES event.events;`
