/** A part of a dump: definitions and rows; what is made when all rows are there; foreign keys. */
export type Section = 'rows' | 'afterwards' | 'foreign keys'

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
export async function* splitDump(
  sql: AsyncIterable<Buffer>,
): AsyncGenerator<{section: Section; text: Buffer}> {
  let section: Section = 'rows'
  // Keeps commands of psql out of a dump; each section gets its own pair.
  let token: string | undefined
  const restricted = new Set<Section>()
  const settings = new Map<string, Buffer>()
  const told = new Map<Section, Map<string, Buffer>>()
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
    if (type !== undefined) section = sectionOf(type, section)
    if (line.startsWith('\\unrestrict ')) continue
    if (line.startsWith('\\restrict ')) token = line.slice('\\restrict '.length)
    if (token !== undefined && !restricted.has(section)) {
      restricted.add(section)
      yield {section, text: Buffer.from(`\\restrict ${token}\n`)}
    }
    if (line.startsWith('\\restrict ')) continue
    // Told again where it counts: a dump says it once, before the header of the first entry that it is for.
    if (!part.quoted && /^(?:ALTER|CREATE|COPY) /.test(line)) {
      for (const [name, text] of settings) {
        if (told.get(section)?.get(name) === text) continue
        told.set(section, new Map([...(told.get(section) ?? []), [name, text]]))
        yield {section, text: Buffer.concat([text, NEWLINE])}
      }
    }
    yield {section, text: Buffer.concat([part.line, NEWLINE])}
  }
  for (const used of restricted) yield {section: used, text: Buffer.from(`\\unrestrict ${token}\n`)}
}

function sectionOf(type: string, section: Section): Section {
  if (type === 'FK CONSTRAINT') return 'foreign keys'
  // It follows what it is about.
  if (type === 'COMMENT') return section
  return section !== 'rows' || AFTERWARDS.has(type) ? 'afterwards' : 'rows'
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
