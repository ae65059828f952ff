import {expect, test} from 'vitest'
import type {Part} from '../../src/backup/archive/scan.js'
import {splitDump} from '../../src/backup/archive/split-dump.js'

/** Splits a dump as pg_dump writes it, and returns its only foreign key. */
async function foreignKeyOf(...lines: string[]) {
  const dump = [
    ...['SET statement_timeout = 0;', 'CREATE TABLE event.booking (', '    user_id bigint', ');', ''],
    ...['--', '-- Name: booking fk; Type: FK CONSTRAINT; Schema: event; Owner: aquastream', '--', ''],
    ...lines,
    '',
  ]
  const keys = []
  for await (const {section, text, foreignKey} of splitDump(source(dump.join('\n'))))
    if (section === 'foreign keys') keys.push({text: text.toString(), foreignKey})
  expect(keys).toHaveLength(1)
  return keys[0]!
}

async function* source(text: string): AsyncGenerator<Part> {
  for (const line of text.split(/(?<=\n)/)) yield {line: Buffer.from(line), quoted: false}
}

test.each([
  ['plain names', 'booking_fk', '"user".account(id)', 'booking_fk', 'user'],
  ['a schema without quotes', 'booking_fk', 'crew.boat(id)', 'booking_fk', 'crew'],
  ['a quote in the schema', 'booking_fk', '"a ""b"" c".boat(id)', 'booking_fk', 'a "b" c'],
  [
    'a name that looks like a reference',
    '"x REFERENCES crew."',
    '"user".account(id)',
    '"x REFERENCES crew."',
    'user',
  ],
])('a foreign key with %s is read', async (_, name, target, constraint, schema) => {
  const {foreignKey} = await foreignKeyOf(
    'ALTER TABLE ONLY event.booking',
    `    ADD CONSTRAINT ${name} FOREIGN KEY (user_id) REFERENCES ${target};`,
  )
  expect(foreignKey).toEqual({name: constraint, schema})
})

test('the comment of a foreign key stays with it', async () => {
  const {text, foreignKey} = await foreignKeyOf(
    'ALTER TABLE ONLY event.booking',
    '    ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES crew.boat(id);',
    '',
    '--',
    '-- Name: CONSTRAINT fk ON booking; Type: COMMENT; Schema: event; Owner: aquastream',
    '--',
    '',
    `COMMENT ON CONSTRAINT fk ON event.booking IS 'whose';`,
  )
  expect(foreignKey?.schema).toBe('crew')
  expect(text).toContain(`IS 'whose';`)
})

test('a primary key and a view that needs it are late definitions', async () => {
  const types = ['TABLE', 'TABLE DATA', 'CONSTRAINT', 'INDEX', 'MATERIALIZED VIEW', 'FUNCTION', 'TRIGGER']
  const dump = types.map(type => `-- Name: x; Type: ${type}; Schema: event; Owner: aquastream\n`).join('')
  const sections = []
  for await (const {section} of splitDump(source(dump))) sections.push(section)
  expect(sections).toEqual([
    ...['definitions', 'rows', 'late definitions', 'afterwards'],
    ...['late definitions', 'late definitions', 'afterwards'],
  ])
})
