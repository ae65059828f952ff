/** Recognizes an unknown secret by its format, or by the word before it. */
export interface SecretPattern {
  /** The label that replaces it. */
  name: string
  /** The first group that matched is the secret; without groups the whole match is. */
  pattern: RegExp
  /** A condition that a pattern cannot express. */
  accepts?: (text: string) => boolean
}

/** Words that are not a secret, even in the place of one. */
const NO_VALUE = String.raw`(?!(?:true|false|null|none|undefined|nil)\b|\[masked |\*+)`
/** Maximum characters that are examined after each start, since a log may contain very many starts. */
const MOST = 1024
/** A quoted value or a word. */
const VALUE = String.raw`(?:"((?:[^"\\\r\n]|\\.){1,${MOST}})"|'([^'\r\n]{1,${MOST}})'|([^\s"',;&(){}[\]<>\\]{1,${MOST}}))`
/** The separator between a name and its value in JSON, YAML, headers, query strings and properties files. */
const IS = String.raw`["']?[ \t]*[:=][ \t]*`

/** Every repetition is bounded, because an attacker can influence the content of logs. */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  {
    name: 'private key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY-----(?:[^]{0,16384}?-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----|[^]{0,4096})/g,
  },
  {
    // A key whose beginning was cut off.
    name: 'private key',
    pattern: /^(?:(?!-----BEGIN)[^]){0,4096}?-----END [A-Z0-9 ]{0,20}PRIVATE KEY-----/g,
  },
  {name: 'JWT', pattern: /(?<![A-Za-z0-9])ey[JA][\w-]{14,2048}\.[\w-]{6,4096}\.[\w-]{0,1024}/g},
  {name: 'bot token', pattern: /(?<!\d)\d{6,12}:[\w-]{30,256}/g},
  {name: 'access key', pattern: /(?<![A-Z0-9])(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}(?![A-Z0-9])/g},
  {
    name: 'token',
    pattern:
      /(?<![A-Za-z0-9])(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|xox[a-z]-[\w-]{10,}|npm_\w{30,}|(?:sk_)?(?:live|test)_(?=[\w-]*\d)[\w-]{24,})/g,
  },
  {
    name: 'password hash',
    pattern:
      /SCRAM-SHA-\d{1,3}\$[^\s"',;]{1,512}|(?<![A-Za-z0-9])md5[0-9a-f]{32}(?![0-9a-f])|\$(?:2[abxy]|[156y]|argon2\w{0,2}|scrypt|pbkdf2[\w-]{0,10})\$[^\s"',;]{12,512}/g,
  },
  {
    name: 'authorization',
    pattern: new RegExp(
      String.raw`authorization${IS}["']?${NO_VALUE}((?:digest|aws4-hmac-sha256) [^"'\r\n]{1,${MOST}}|(?:[a-z-]{1,20} {1,4})?[^\s"',;\\]{1,${MOST}})`,
      'gi',
    ),
  },
  {
    name: 'credentials',
    pattern:
      /(?:[Bb]asic|BASIC|[Bb]earer|BEARER) {1,4}((?=[\w+/.~-]*(?:\d|=|[a-z][A-Z]))[\w+/.~-]{6,}={0,2})/g,
  },
  {
    name: 'cookie',
    pattern: new RegExp(`cookie${IS}(?:"([^"\r\n]{1,${MOST}})"|([^\\s"=]{1,256}=[^\r\n"]{1,${MOST}}))`, 'gi'),
  },
  {
    name: 'password',
    pattern:
      /(?<![a-z0-9])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'<>\\]{0,256}:(?!password@)([^\s@/"'<>]{1,1024})@/gi,
  },
  {
    name: 'password',
    pattern: new RegExp(
      `(?:passw(?:or)?d|passphrase|pwd|secret|credentials?|(?:api|access|secret|private)[_-]?key|cvv|cvc2?)(?:${IS}|[ \\t]+(?='))${NO_VALUE}${VALUE}`,
      'gi',
    ),
  },
  {
    // Excludes sentences such as "token: expired".
    name: 'token',
    pattern: new RegExp(
      `(?:token|session[_-]?id|signature)${IS}${NO_VALUE}(?=["']?[^\\s"']{0,256}\\d|["']?[^\\s"']{16})${VALUE}`,
      'gi',
    ),
  },
  {
    name: 'card number',
    pattern:
      /(?<![\w.-])(?:[2-6]\d{12,18}|[2-6]\d{3}(?: \d{4}){2} \d{1,7}|[2-6]\d{3}(?:-\d{4}){2}-\d{1,7}|3[47]\d{2} \d{6} \d{5})(?![\w-]|\.\d)/g,
    accepts: hasCheckDigit,
  },
]

/** Returns whether the check digit is valid by the Luhn algorithm; one in ten random numbers passes. */
function hasCheckDigit(text: string): boolean {
  const digits = text.replace(/\D/g, '').split('').reverse().map(Number)
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 0 ? digit : digit * 2
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return digits.length >= 13 && sum % 10 === 0
}
