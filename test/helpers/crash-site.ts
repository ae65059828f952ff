import {createHash} from 'node:crypto'
import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {describe} from './compare-databases.js'
import type {Sql, TestServer} from './postgres.js'

/** Six schemas that refer to each other in both directions; small, so that hundreds of rounds are possible. */
export const FIXTURE = `
  CREATE SCHEMA "user"; CREATE SCHEMA event; CREATE SCHEMA crew; CREATE SCHEMA payment;
  CREATE SCHEMA notification; CREATE SCHEMA media;
  CREATE TABLE "user".accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text, favourite int);
  CREATE TABLE "user".notes (id bigserial PRIMARY KEY, account int REFERENCES "user".accounts, body jsonb);
  CREATE TABLE event.events (id int PRIMARY KEY, organiser int NOT NULL REFERENCES "user".accounts, title text);
  CREATE TABLE crew.crews (id int PRIMARY KEY, event int REFERENCES event.events);
  CREATE TABLE payment.payments (id int PRIMARY KEY, account int REFERENCES "user".accounts, amount numeric);
  CREATE TABLE notification.outbox (id int PRIMARY KEY, body text);
  INSERT INTO "user".accounts SELECT n, 'user' || n || '@example.org', repeat(md5(n::text), 8), n FROM generate_series(1, 4000) n;
  INSERT INTO "user".notes (account, body) SELECT n, jsonb_build_object('n', n, 'text', repeat(md5((n * 7)::text), 16)) FROM generate_series(1, 4000) n;
  INSERT INTO event.events SELECT n, n, md5(n::text) FROM generate_series(1, 4000) n;
  INSERT INTO crew.crews SELECT n, n FROM generate_series(1, 1000) n;
  INSERT INTO payment.payments SELECT n, n, n * 1.1 FROM generate_series(1, 4000) n;
  INSERT INTO notification.outbox SELECT n, repeat(md5(n::text), 32) FROM generate_series(1, 4000) n;
  ALTER TABLE "user".accounts ADD CONSTRAINT likes FOREIGN KEY (favourite) REFERENCES event.events DEFERRABLE;
  COMMENT ON CONSTRAINT payments_account_fkey ON payment.payments IS 'held from outside';
  CREATE INDEX ON "user".notes USING gin (body);
  CREATE VIEW "user".recent AS SELECT id FROM "user".notes ORDER BY id DESC LIMIT 10;
  CREATE PUBLICATION changes FOR TABLE "user".accounts, payment.payments;`

/** Damages the database after the backup. Repeating it changes nothing more. */
export const ACCIDENT = `
  UPDATE "user".accounts SET note = 'lost' WHERE note <> 'lost';
  DELETE FROM "user".notes WHERE id > 10;
  DROP VIEW IF EXISTS "user".recent;
  ALTER TABLE "user".accounts ADD COLUMN IF NOT EXISTS added int;
  UPDATE payment.payments SET amount = 0 WHERE amount <> 0;
  DELETE FROM notification.outbox WHERE id > 10;`

/** Returns a hash of all rows and definitions in the database. */
export async function fingerprint(server: {sql: Sql}): Promise<string> {
  return createHash('sha256')
    .update(JSON.stringify(await describe(server)))
    .digest('hex')
}

/**
 * Returns a transaction ID that increases when any transaction of the server has written something, even if it was
 * rolled back. While it stays the same, nothing has changed.
 */
export function lastWrite({sql}: {sql: Sql}): Promise<string> {
  return sql('SELECT pg_snapshot_xmax(pg_current_snapshot())')
}

const OURS = `
  SELECT 'session of ' || application_name FROM pg_stat_activity WHERE application_name LIKE 'aquastream%'
  UNION ALL SELECT 'advisory lock' FROM pg_locks WHERE locktype = 'advisory'
  UNION ALL SELECT 'temporary ' || relname FROM pg_class WHERE relpersistence = 't'
  UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datname LIKE 'aquastream\\_%'`

/** Waits until commands have left nothing in the database, and returns what is still there; usually nothing. */
export async function remains({sql}: {sql: Sql}, patience = 15_000): Promise<string> {
  const deadline = performance.now() + patience
  for (;;) {
    const found = await sql(OURS)
    if (found === '' || performance.now() > deadline) return found
    await sleep(50)
  }
}

/** Checks each backup of a repository with sha256sum. Returns its kind, or `broken` and the output, by ID. */
export async function checkSums(root: string): Promise<Map<string, string>> {
  const names = (await readdir(root)).filter(name => /^\d{8}T\d{6}Z$/.test(name)).sort()
  const results = new Map<string, string>()
  for (const name of names) {
    const cwd = join(root, name)
    const {exitCode, all} = await execa('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], {
      cwd,
      all: true,
      reject: false,
    })
    results.set(name, exitCode === 0 ? await kindOf(cwd) : `broken: ${all}`)
  }
  return results
}

async function kindOf(set: string): Promise<string> {
  return (JSON.parse(await readFile(join(set, 'manifest.json'), 'utf8')) as {kind: string}).kind
}

/** Returns all descendants of a process. */
export async function descendants(pid: number): Promise<{pid: number; name: string}[]> {
  const {stdout} = await execa('ps', ['-eo', 'pid=,ppid=,comm='])
  const all = stdout.split('\n').map(line => {
    const [own = '', parent = '', name = ''] = line.trim().split(/\s+/)
    return {pid: Number(own), parent: Number(parent), name}
  })
  const below = (parent: number): {pid: number; name: string}[] =>
    all.filter(one => one.parent === parent).flatMap(({pid, name}) => [{pid, name}, ...below(pid)])
  return below(pid)
}

/** Kills a process, which may have ended by itself. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Returns the pids of the backends that serve the CLI. */
export async function backends({sql}: Pick<TestServer, 'sql'>): Promise<number[]> {
  const found = await sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'aquastream%'")
  return found.split('\n').filter(Boolean).map(Number)
}
