// Import this module before a view, because chalk checks whether to use colors when it is loaded.
process.stdout.isTTY = true
process.env.FORCE_COLOR = '0'

/** Returns what a view renders with NO_COLOR in terminals of 80 and of 40 columns, one below the other. */
export function screens(render: () => string): string {
  return [80, 40].map(columns => `=== ${columns} columns\n${inTerminal(columns, render)}`).join('\n')
}

/** Returns what a view renders with NO_COLOR in a terminal with this number of columns. */
export function inTerminal(columns: number, render: () => string): string {
  const before = process.stdout.columns
  process.stdout.columns = columns
  try {
    return render()
  } finally {
    process.stdout.columns = before
  }
}

/** Returns the time this number of hours ago, for views that show an age. */
export function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString()
}
