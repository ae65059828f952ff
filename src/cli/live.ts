/** Shows the newest of a sequence: in place in a terminal, one under the other elsewhere. */
export async function showLive<T>(sequence: AsyncIterable<T>, render: (item: T) => string): Promise<void> {
  for await (const item of sequence) {
    // Home, the text with the rest of each line cleared, then the rest of the screen cleared: no flicker.
    const text = render(item)
    process.stdout.write(
      process.stdout.isTTY ? `\x1b[H${text.replace(/\n/g, '\x1b[K\n')}\x1b[K\n\x1b[J` : `${text}\n\n`,
    )
  }
}
