/** A text as a literal of SQL, whatever is in it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A value as one literal of SQL that holds JSON. */
export function jsonLiteral(value: unknown): string {
  return literal(JSON.stringify(value))
}

/** A name as an identifier of SQL, whatever is in it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
