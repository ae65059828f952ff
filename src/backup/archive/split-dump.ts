/** A part of a dump: definitions and rows; what is made when all rows are there; foreign keys. */
type Section = 'rows' | 'afterwards' | 'foreign keys'

/** A piece of a dump. A foreign key is one piece, with its comment. */
export interface DumpPart {
  section: Section
  text: Buffer
  foreignKey?: ForeignKey | undefined
}

/** As the dump writes both names: quoted where that is needed. */
interface ForeignKey {
  name: string
  /** Schema of the table that it refers to, without quotes. */
  schema: string
}

/**
 * Entries of a plain dump that come after the rows. pg_dump writes them in three blocks, and all of the last
 * begin with one of these (src/bin/pg_dump/pg_dump.c, addBoundaryDependencies).
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
 * Splits a plain dump, so that several can be replayed as one: foreign keys and triggers may need what a later
 * dump makes. Rows pass through in chunks and unread; the rest is small.
 */
export async function* splitDump(sql: AsyncIterable<Buffer>): AsyncGenerator<DumpPart> {
  let section: Section = 'rows'
  // Keeps commands of psql out of a dump; each section gets its own pair.
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
    // Inside a quoted text a line may look like anything.
    const line = part.quoted ? '' : part.line.toString('latin1')
    const [, setting] = SETTING.exec(line) ?? []
    if (setting !== undefined) {
      settings.set(setting, part.line)
      continue
    }
    const [, type] = HEADER.exec(line) ?? []
    if (type !== undefined) {
      section = sectionOf(type, section)
      // A comment belongs to the key before it.
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
    // Repeat the setting in each section: a dump has it once, before the first entry that it is for.
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
  // It follows what it is about.
  if (type === 'COMMENT') return section
  return section !== 'rows' || AFTERWARDS.has(type) ? 'afterwards' : 'rows'
}

function toForeignKey(lines: Buffer[]): DumpPart[] {
  const text = Buffer.concat(lines)
  return lines.length > 0
    ? [{section: 'foreign keys', text, foreignKey: readForeignKey(text.toString('utf8'))}]
    : []
}

/** Names in quotes are tokens of their own, so that nothing in them is taken for a keyword. */
const TOKEN = /"(?:[^"]|"")*"|[^\s"().,;]+|[().,;]/g

/** Reads `ALTER TABLE … ADD CONSTRAINT name FOREIGN KEY (…) REFERENCES schema.table(…)`, as pg_dump writes it. */
function readForeignKey(entry: string): ForeignKey | undefined {
  const tokens: string[] = entry.slice(entry.search(/^ALTER TABLE /m)).match(TOKEN) ?? []
  const name = tokens[tokens.indexOf('CONSTRAINT') + 1]
  const [, schema, dot] = tokens.slice(tokens.indexOf('REFERENCES'))
  if (name === undefined || schema === undefined || dot !== '.') return undefined
  return {name, schema: schema.replace(/^"|"$/g, '').replaceAll('""', '"')}
}

const NEWLINE = Buffer.from('\n')

export type Part = {line: Buffer; quoted: boolean} | {rows: Buffer}

/** Lines of SQL without their end, and between them the rows of COPY in pieces of any size. */
export async function* readParts(sql: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0)
  let copying = false
  let quote: Quote
  for await (const chunk of sql) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (;;) {
      if (copying) {
        const end = rest.indexOf(COPY_END)
        // The end may lie across two chunks.
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
      // The newline stays: an empty COPY ends with the first line after it.
      copying = !quoted && COPY.test(text)
      if (!copying) quote = quoteAfter(text, quote)
      rest = rest.subarray(copying ? end : end + 1)
      if (copying) yield {rows: line}
      else yield {line, quoted}
    }
  }
  if (rest.length > 0) yield copying ? {rows: rest} : {line: rest, quoted: quote !== undefined}
}

/** How the quoted text begins that goes on after a line: ' or E' or " or $tag$; nothing outside of any. */
type Quote = string | undefined

// A name with a dollar sign is quoted in a dump, so what looks like $tag$ is one.
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

/** Where a quoted text has ended. A quote that is doubled ends one and begins the next. */
function endOf(line: string, open: string, from: number): number {
  if (open === "E'") {
    const end = /^(?:[^'\\]|\\.|'')*'/.exec(line.slice(from))
    return end ? from + end[0].length : -1
  }
  const end = line.indexOf(open, from)
  return end < 0 ? -1 : end + open.length
}
