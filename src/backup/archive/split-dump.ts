import type {Part} from './scan.js'

/**
 * The sections of a dump: settings; schemas; definitions of other objects; rows; definitions that pg_dump puts after the rows
 * although other definitions may need them, such as primary keys and what needs one; other objects that are created after the
 * rows; refreshes of materialized views; foreign keys; default privileges, which every object that is created later would get.
 */
type Section =
  | 'settings'
  | 'schemas'
  | 'definitions'
  | 'rows'
  | 'late definitions'
  | 'afterwards'
  | 'refreshes'
  | 'foreign keys'
  | 'default privileges'

/** A piece of a dump. A definition and a foreign key are one piece each, with their comment. */
export interface DumpPart {
  section: Section
  /** The type of the object, such as TABLE, if the piece is one object. */
  type?: string | undefined
  text: Buffer
  foreignKey?: ForeignKey | undefined
}

/** A foreign key of a dump. */
interface ForeignKey {
  name: string
  /** Schema of the referenced table, without quotes. The name of the key is quoted where the dump quotes it. */
  schema: string
}

/**
 * Types of objects that come after the rows. pg_dump writes a dump in three blocks, and every object of the last
 * one has one of these types (src/bin/pg_dump/pg_dump.c, addBoundaryDependencies).
 */
const AFTERWARDS = new Set([
  'ACL',
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'EVENT TRIGGER',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'POLICY',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'ROW SECURITY',
  'RULE',
  'STATISTICS',
  'STATISTICS DATA',
  'TRIGGER',
])

/** Types of objects that fill tables. */
const ROWS = new Set(['SEQUENCE SET', 'TABLE DATA'])

const HEADER = /^-- (?:Data for )?Name: .*; Type: ([A-Z ]+); Schema: /
const SETTING = /^SET (default_tablespace|default_table_access_method) = /

/**
 * Splits a plain dump into sections, so that several dumps can be replayed together: an object may need objects of a
 * later dump. Rows are passed on in chunks without being parsed; the other sections are small.
 */
export async function* splitDump(dump: AsyncIterable<Part>): AsyncGenerator<DumpPart> {
  let section: Section = 'settings'
  const settings = new Map<string, Buffer>()
  let entry: Buffer[] = []
  let object: string | undefined
  let hasSettings = false
  for await (const part of dump) {
    if ('rows' in part) {
      yield {section, text: part.rows}
      continue
    }
    // A line within a quoted text can look like anything.
    const line = part.quoted ? '' : part.line.toString('latin1')
    const [, setting] = SETTING.exec(line) ?? []
    if (setting !== undefined) {
      settings.set(setting, part.line)
      continue
    }
    const [, type] = HEADER.exec(line) ?? []
    // The comment on an object belongs to the object before it.
    if (type !== undefined && type !== 'COMMENT') {
      yield* toPart(section, object, entry)
      entry = []
      object = type
      hasSettings = false
      section = sectionOf(type, section)
    }
    // Repeat the settings in each entry: a dump has them once, before the first entry that needs them.
    if (!hasSettings && /^(?:ALTER|CREATE) /.test(line)) {
      entry.push(...settings.values())
      hasSettings = true
    }
    if (section !== 'rows') entry.push(part.line)
    else yield {section, text: part.line}
  }
  yield* toPart(section, object, entry)
}

function sectionOf(type: string, section: Section): Section {
  if (type === 'FK CONSTRAINT') return 'foreign keys'
  if (type === 'DEFAULT ACL') return 'default privileges'
  if (type === 'MATERIALIZED VIEW DATA') return 'refreshes'
  const isBeforeRows = section === 'settings' || section === 'schemas' || section === 'definitions'
  if (ROWS.has(type) && (isBeforeRows || section === 'rows')) return 'rows'
  if (type === 'CONSTRAINT') return 'late definitions'
  if (AFTERWARDS.has(type)) return 'afterwards'
  if (!isBeforeRows) return 'late definitions'
  return type === 'SCHEMA' ? 'schemas' : 'definitions'
}

function toPart(section: Section, type: string | undefined, lines: Buffer[]): DumpPart[] {
  if (lines.length === 0) return []
  const text = Buffer.concat(lines)
  return [
    {
      section,
      type,
      text,
      ...(section === 'foreign keys' && {foreignKey: readForeignKey(text.toString('utf8'))}),
    },
  ]
}

/** A quoted name is one token, so that a keyword within it is not recognized. */
const TOKEN = /"(?:[^"]|"")*"|[^\s"().,;]+|[().,;]/g

/** Parses `ALTER TABLE … ADD CONSTRAINT name FOREIGN KEY (…) REFERENCES schema.table(…)`, as pg_dump writes it. */
function readForeignKey(entry: string): ForeignKey | undefined {
  const tokens: string[] = entry.slice(entry.search(/^ALTER TABLE /m)).match(TOKEN) ?? []
  const name = tokens[tokens.indexOf('CONSTRAINT') + 1]
  const [, schema, dot] = tokens.slice(tokens.indexOf('REFERENCES'))
  if (name === undefined || schema === undefined || dot !== '.') return undefined
  return {name, schema: schema.replace(/^"|"$/g, '').replaceAll('""', '"')}
}
