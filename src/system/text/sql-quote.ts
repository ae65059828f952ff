/** Quotes a text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Quotes a value as an SQL literal that contains JSON. */
export function jsonLiteral(value: unknown): string {
  return literal(JSON.stringify(value))
}

/** Quotes a name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
