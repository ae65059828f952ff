/** A command of this program within a text. */
const COMMAND = /(?<!npx |[\w./-])aquastream (?=[a-z]+:[a-z]|--|logs(?:[ ;?)]|$))/gm

/**
 * Returns a text whose commands can be typed as they are: npx runs a program that is not in PATH. npm sets `npm_command`,
 * see https://docs.npmjs.com/cli/using-npm/scripts#environment.
 */
export function asTypable(text: string): string {
  return process.env.npm_command === 'exec' ? text.replace(COMMAND, 'npx aquastream ') : text
}
