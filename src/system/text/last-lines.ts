/** Returns the last `count` lines that are not empty. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .map(line => line.trimEnd())
    .filter(Boolean)
    .slice(-count)
}
