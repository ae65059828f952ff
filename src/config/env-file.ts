import {readFile} from 'node:fs/promises'
import {parse} from 'dotenv'
import {AquastreamError} from '../errors.js'

/**
 * Reads a .env file. dotenv decides what a line means; what dotenv would skip in silence (a line that is no
 * assignment, a quote that never closes) is an error here, since Compose reads the same line in another way.
 *
 * @returns nothing when there is no such file.
 * @throws settings-unreadable, settings-invalid
 */
export async function readEnvFile(path: string): Promise<Record<string, string> | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AquastreamError(
      'settings-unreadable',
      `${path} cannot be read: ${reason(error as NodeJS.ErrnoException)}`,
      {
        hint: `make it a file that you can read: ls -l ${path}`,
        cause: error,
      },
    )
  })
  if (!bytes) return undefined
  const text = decode(bytes, path)
  const line = firstMalformedLine(text)
  if (line > 0) {
    // The line itself is not shown: it may hold a secret.
    throw new AquastreamError('settings-invalid', `line ${line} of ${path} is not NAME=value`, {
      hint: "write one NAME=value per line, and values with spaces, # or $ in 'single quotes'",
    })
  }
  return parse(text)
}

function reason({code, message}: NodeJS.ErrnoException): string {
  const known: Record<string, string> = {EACCES: 'permission denied', EISDIR: 'it is a directory'}
  return known[code ?? ''] ?? message
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch (error) {
    throw new AquastreamError('settings-invalid', `${path} is not a text in UTF-8`, {
      hint: `see what it is: file ${path}`,
      cause: error,
    })
  }
}

/** Counted from 1; 0 when all are well. */
function firstMalformedLine(text: string): number {
  const wellFormed =
    /^\s*(#.*|(export\s+)?[A-Za-z_]\w*\s*=\s*('[^']*'\s*(#.*)?|"(\\.|[^"\\])*"\s*(#.*)?|[^'"\s].*)?)?$/
  return text.split(/\r?\n/).findIndex(line => !wellFormed.test(line)) + 1
}
