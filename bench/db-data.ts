import type {Sql} from '../test/helpers/postgres.js'

/** The share of each schema in the data, in percent, largest first. */
export const SHARES = {user: 30, event: 25, crew: 20, payment: 12, notification: 8, media: 5}

/** The size of a row of `events`, including its share of the indexes and of `subjects`. */
const ROW_BYTES = 640
/** The number of `events` for each row of `subjects`. */
const EVENTS_EACH = 20

/** Fills the six schemas with typical data: events in JSON, each of which refers to a subject. */
export async function fill(server: {sql: Sql}, megabytes: number): Promise<void> {
  for (const [schema, share] of Object.entries(SHARES)) {
    const rows = Math.ceil((megabytes * 1e6 * share) / 100 / ROW_BYTES)
    await server.sql(schemaSql(`"${schema}"`, rows))
  }
  await server.sql('VACUUM ANALYZE; CHECKPOINT')
}

function schemaSql(schema: string, rows: number): string {
  return `
    SELECT setseed(0.5);
    CREATE SCHEMA ${schema};
    SET search_path = ${schema}, pg_catalog;
    CREATE TABLE subjects (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, since timestamptz NOT NULL);
    CREATE TABLE events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, subject uuid NOT NULL REFERENCES subjects,
      at timestamptz NOT NULL, kind text NOT NULL, data jsonb NOT NULL
    );
    CREATE INDEX ON events (subject, at);
    INSERT INTO subjects
    SELECT gen_random_uuid(), ${word('NAMES')} || '.' || n || '@example.com', initcap(${word('NAMES')}) || ' ' || initcap(${word('NAMES')}),
      '2026-01-01'::timestamptz + n * interval '97 seconds'
    FROM generate_series(1, ${Math.ceil(rows / EVENTS_EACH)}) n;
    WITH numbered AS (SELECT id, row_number() OVER () AS number FROM subjects)
    INSERT INTO events (subject, at, kind, data)
    SELECT s.id, '2026-02-01'::timestamptz + n * interval '11 seconds' + random() * interval '9 seconds', ${word('KINDS')},
      jsonb_build_object(
        'trace', gen_random_uuid(),
        'actor', jsonb_build_object('id', s.id, 'role', ${word('ROLES')}, 'client', ${word('CLIENTS')}),
        'place', jsonb_build_object('spot', initcap(${word('WORDS')}), 'lat', round((43 + random())::numeric, 5), 'lon', round((39 + random())::numeric, 5)),
        'amount', jsonb_build_object('value', floor(random() * 90) * 50, 'currency', 'RUB', 'paid', random() < 0.7),
        'seats', jsonb_build_array(ceil(random() * 12), ceil(random() * 12)),
        'note', ${Array.from({length: 14}, () => word('WORDS')).join(` || ' ' || `)}
      )
    FROM generate_series(1, ${rows}) n JOIN numbered s ON s.number = 1 + n::bigint * 7919 % ${Math.ceil(rows / EVENTS_EACH)};`
}

const LISTS = {
  NAMES:
    'anna boris clara dmitri elena fedor galina ivan julia kirill larisa maxim nina oleg polina roman sofia timur',
  KINDS:
    'booking.requested booking.confirmed booking.cancelled payment.captured crew.assigned weather.changed',
  ROLES: 'guest skipper instructor operator system',
  CLIENTS: 'ios/17.4 android/14 web/chrome web/safari backend',
  WORDS:
    'the wind turned north and we waited by pier until noon sea was calm boat board paddle kayak sail group of five ' +
    'beginners asked for lesson early morning tide high water cold wetsuit size returned late deposit kept because ' +
    'rudder damaged replaced spare part ordered harbour master informed route changed around island lighthouse bay ' +
    'sunset tour photos sent later please call before arrival two children life jackets small needed sunscreen',
}

/** Returns SQL for a random element of a list; each use picks another one. */
function word(list: keyof typeof LISTS): string {
  const words = LISTS[list].split(' ')
  return `('{${words.join(',')}}'::text[])[1 + floor(random() * ${words.length})::int]`
}
