import type {Setting, Group} from './setting.js'
import {SETTINGS} from './settings.js'

/** How to write a value manually, for the header of a settings file. */
export const HOW_TO_WRITE = `\
# One NAME=value per line. Put a value with spaces, # or $ in 'single quotes'; no other value needs quotes.
# aquastream and Docker Compose then read the same value. \`openssl rand -hex 32\` generates a strong secret.`

/**
 * Returns the text of a settings file: the variables by group, each below its description.
 * @param assignment returns the line that sets a variable, or a comment that shows its default
 */
export function settingsFile(
  head: string,
  assignment: (setting: Setting) => string,
  included: readonly Setting[] = SETTINGS,
): string {
  const sections = groups().map(group => {
    const settings = included.filter(setting => setting.group === group)
    const entries = settings.map(setting => [...remarks(setting), assignment(setting)].join('\n'))
    return `${[`# --- ${group}`, ...entries].join('\n\n')}\n`
  })
  return [head, ...sections].join('\n')
}

/** Returns the groups of settings, in the order of `SETTINGS`. */
export function groups(): Group[] {
  return [...new Set(SETTINGS.map(({group}) => group))]
}

/** Returns the profiles in which a variable is required, as text; empty for an optional one. */
export function need({secret, neededIn}: Setting): string {
  if (!neededIn) return ''
  const generated = secret && neededIn.includes('dev')
  const where = neededIn.filter(profile => !(generated && profile === 'dev'))
  return `${where.join(', ')}${generated ? '; generated in dev' : ''}`
}

/**
 * Quotes a value so that dotenv, Docker Compose and sh all read it back unchanged; a value without special characters
 * stays bare. Returns undefined when no such spelling exists.
 */
export function quote(value: string): string | undefined {
  return FORMS.find(({fits}) => fits.test(value))?.write(value)
}

const FORMS: {fits: RegExp; write: (value: string) => string}[] = [
  {fits: /^[\w\-.:/+=@,%]+$/, write: value => value},
  // dotenv treats \' as an unterminated quote, and control characters could move the cursor of a terminal.
  {fits: /^(?:[^'\\\p{Cc}]|\\(?!$))+$/u, write: value => `'${value}'`},
  {fits: /^[^"\\$`\p{Cc}]+$/u, write: value => `"${value}"`},
]

function remarks(setting: Setting): string[] {
  const {name, about, devDefault, secret, onlyIn, readBy} = setting
  const where = need(setting)
  return [
    about,
    [secret && 'secret', where && `required in ${where}`].filter(Boolean).join('; '),
    devDefault && `default in dev: '${devDefault}'`,
    name === 'AQUASTREAM_PROFILE' &&
      'used by plain docker compose; aquastream rejects a file of another profile',
    onlyIn && `used only in ${onlyIn}`,
    readBy === 'cli' && 'read only by aquastream; the Compose file does not use it',
  ]
    .filter(Boolean)
    .map(remark => `# ${remark}`)
}
