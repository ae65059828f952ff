import type {Setting, Group} from './setting.js'
import {SETTINGS} from './settings.js'

/** How to write a value by hand, for the head of a settings file. */
export const HOW_TO_WRITE = `\
# One NAME=value per line. A value with spaces, # or $ goes into 'single quotes', and nothing else needs
# quotes: aquastream and Docker Compose then read the same. \`openssl rand -hex 32\` makes a good secret.`

/**
 * The text of a settings file: the variables, by group, below what people are told about them.
 * @param assignment the line that sets the variable, or shows how it would be set
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

/** The groups of the settings, in their order. */
export function groups(): Group[] {
  return [...new Set(SETTINGS.map(({group}) => group))]
}

/** Where a variable must be set, in words; empty for one that may be left out. In dev a secret is generated. */
export function need({secret, neededIn}: Setting): string {
  if (!neededIn) return ''
  const generated = secret && neededIn.includes('dev')
  const where = neededIn.filter(profile => !(generated && profile === 'dev'))
  return `${where.join(', ')}${generated ? '; generated in dev' : ''}`
}

/**
 * A value as dotenv, Docker Compose and sh all read it back unchanged: bare, or in quotes where it has characters
 * that one of them takes for more than themselves. Nothing when there is no such way to write it.
 */
export function quote(value: string): string | undefined {
  return FORMS.find(({fits}) => fits.test(value))?.write(value)
}

const FORMS: {fits: RegExp; write: (value: string) => string}[] = [
  {fits: /^[\w\-.:/+=@,%]+$/, write: value => value},
  // dotenv takes \' for a quote that does not close, and control characters move a terminal's cursor.
  {fits: /^(?:[^'\\\p{Cc}]|\\(?!$))+$/u, write: value => `'${value}'`},
  {fits: /^[^"\\$`\p{Cc}]+$/u, write: value => `"${value}"`},
]

function remarks(setting: Setting): string[] {
  const {name, about, devDefault, secret, onlyIn, readBy} = setting
  const where = need(setting)
  return [
    about,
    [secret && 'secret', where && `needed in ${where}`].filter(Boolean).join('; '),
    devDefault && `in dev the default is '${devDefault}'`,
    name === 'AQUASTREAM_PROFILE' && 'bare Compose reads it; aquastream refuses the file of another profile',
    onlyIn && `of ${onlyIn} alone`,
    readBy === 'cli' && 'read by aquastream alone; the Compose file has no such variable',
  ]
    .filter(Boolean)
    .map(remark => `# ${remark}`)
}
