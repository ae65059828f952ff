/** The sections of a dump: definitions and rows; objects that are created after the rows; foreign keys. */
type Section = 'rows' | 'afterwards' | 'foreign keys'

/** A piece of a dump. A foreign key and its comment are one piece. */
export interface DumpPart {
  section: Section
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
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT ACL',
  'EVENT TRIGGER',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'MATERIALIZED VIEW DATA',
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

const HEADER = /^-- (?:Data for )?Name: .*; Type: ([A-Z ]+); Schema: /
const SETTING = /^SET (default_tablespace|default_table_access_method) = /
const COPY = /^COPY .* FROM stdin;$/
const COPY_END = Buffer.from('\n\\.\n')

/**
 * Splits a plain dump into sections, so that several dumps can be replayed together: foreign keys and triggers may
 * need objects of a later dump. Rows are passed on in chunks without being parsed; the other sections are small.
 */
export async function* splitDump(sql: AsyncIterable<Buffer>): AsyncGenerator<DumpPart> {
  let section: Section = 'rows'
  // The token of \restrict, which makes psql reject its own commands in a dump. Each section gets its own pair.
  // https://www.postgresql.org/docs/current/app-psql.html
  let token: string | undefined
  const restricted = new Set<Section>()
  const settings = new Map<string, Buffer>()
  const repeated = new Map<Section, Map<string, Buffer>>()
  let foreignKey: Buffer[] = []
  for await (const part of readParts(sql)) {
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
    if (type !== undefined) {
      section = sectionOf(type, section)
      // A comment on a foreign key belongs to the key before it.
      if (type !== 'COMMENT' || section !== 'foreign keys') {
        yield* toForeignKey(foreignKey)
        foreignKey = []
      }
    }
    if (line.startsWith('\\unrestrict ')) continue
    if (line.startsWith('\\restrict ')) token = line.slice('\\restrict '.length)
    if (token !== undefined && !restricted.has(section)) {
      restricted.add(section)
      yield {section, text: Buffer.from(`\\restrict ${token}\n`)}
    }
    if (line.startsWith('\\restrict ')) continue
    // Repeat the setting in each section: a dump has it once, before the first entry that needs it.
    if (!part.quoted && /^(?:ALTER|CREATE|COPY) /.test(line)) {
      for (const [name, text] of settings) {
        if (repeated.get(section)?.get(name) === text) continue
        repeated.set(section, new Map([...(repeated.get(section) ?? []), [name, text]]))
        yield {section, text: Buffer.concat([text, NEWLINE])}
      }
    }
    const text = Buffer.concat([part.line, NEWLINE])
    if (section === 'foreign keys') foreignKey.push(text)
    else yield {section, text}
  }
  yield* toForeignKey(foreignKey)
  for (const used of restricted) yield {section: used, text: Buffer.from(`\\unrestrict ${token}\n`)}
}

function sectionOf(type: string, section: Section): Section {
  if (type === 'FK CONSTRAINT') return 'foreign keys'
  // A comment follows the object that it describes.
  if (type === 'COMMENT') return section
  return section !== 'rows' || AFTERWARDS.has(type) ? 'afterwards' : 'rows'
}

function toForeignKey(lines: Buffer[]): DumpPart[] {
  const text = Buffer.concat(lines)
  return lines.length > 0
    ? [{section: 'foreign keys', text, foreignKey: readForeignKey(text.toString('utf8'))}]
    : []
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

const NEWLINE = Buffer.from('\n')

/**
 * A line of SQL without its newline, or a chunk of the rows of a COPY. `quoted`: the line starts within a quoted
 * text.
 */
export type Part = {line: Buffer; quoted: boolean} | {rows: Buffer}

/** Splits a dump into lines of SQL and, in between, the rows of COPY in chunks of any size. */
export async function* readParts(sql: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0)
  let copying = false
  let quote: Quote
  for await (const chunk of sql) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (;;) {
      if (copying) {
        const end = rest.indexOf(COPY_END)
        // The end mark can be split between two chunks.
        const upTo = end < 0 ? Math.max(rest.length - COPY_END.length + 1, 0) : end + COPY_END.length
        if (upTo > 0) yield {rows: rest.subarray(0, upTo)}
        rest = rest.subarray(upTo)
        if (end < 0) break
        copying = false
      }
      const end = rest.indexOf(NEWLINE)
      if (end < 0) break
      const line = rest.subarray(0, end)
      const text = line.toString('latin1')
      const quoted = quote !== undefined
      // Keep the newline: the end mark of an empty COPY starts with it.
      copying = !quoted && COPY.test(text)
      if (!copying) quote = quoteAfter(text, quote)
      rest = rest.subarray(copying ? end : end + 1)
      if (copying) yield {rows: line}
      else yield {line, quoted}
    }
  }
  if (rest.length > 0) yield copying ? {rows: rest} : {line: rest, quoted: quote !== undefined}
}

/**
 * The opening quote of a text that continues on the next line: ' or E' or " or $tag$; undefined outside of quotes.
 */
type Quote = string | undefined

// pg_dump quotes a name with a dollar sign, so an unquoted $tag$ always opens a text.
const OPENING = /--.*|[Ee]'|['"]|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$/g

function quoteAfter(line: string, quote: Quote): Quote {
  let open = quote
  let at = 0
  while (at < line.length) {
    if (open === undefined) {
      OPENING.lastIndex = at
      const [token] = OPENING.exec(line) ?? []
      if (token === undefined || token.startsWith('--')) return undefined
      open = token.toUpperCase() === "E'" ? "E'" : token
      at = OPENING.lastIndex
    } else {
      at = endOf(line, open, at)
      if (at < 0) return open
      open = undefined
    }
  }
  return open
}

/** Returns the position after the closing quote, or -1. A doubled quote closes one text and opens the next. */
function endOf(line: string, open: string, from: number): number {
  if (open === "E'") {
    const end = /^(?:[^'\\]|\\.|'')*'/.exec(line.slice(from))
    return end ? from + end[0].length : -1
  }
  const end = line.indexOf(open, from)
  return end < 0 ? -1 : end + open.length
}
