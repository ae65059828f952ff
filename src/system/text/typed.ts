/** Stands for a word of the command line that is not repeated. */
const HIDDEN = '(not shown, because it may contain a secret)'

/** Returns whether a word of the command line may contain a secret: a URL, an assignment, or a user with a password. */
export function mayContainSecret(word: string): boolean {
  return /[=@]|:\/\//.test(word)
}

/** Returns a word of the command line for a message, unless it may contain a secret. */
export function showTyped(word: string): string {
  return mayContainSecret(word) ? HIDDEN : word
}

/** Like showTyped, with quotes. */
export function quoteTyped(word: string): string {
  return mayContainSecret(word) ? HIDDEN : JSON.stringify(word)
}
