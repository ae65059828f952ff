import type {ErrorObject} from 'ajv'
import type {FieldError} from '../http/problem.js'

/** Converts the errors of a validator. Paths have the form `participants[0].name`, not `/participants/0/name`. */
export function toFieldErrors(errors: readonly ErrorObject[]): FieldError[] {
  return errors.map(error => ({field: fieldOf(error), message: messageOf(error)}))
}

function fieldOf({instancePath, params}: ErrorObject): string {
  const extra = [params.missingProperty, params.additionalProperty].filter(name => name !== undefined)
  const names = [...instancePath.split('/').slice(1).map(unescapePointer), ...extra.map(String)]
  // The first name is the part of the request: requestBody, query, path or header
  return names
    .slice(1)
    .reduce((path, name) => (/^\d+$/.test(name) ? `${path}[${name}]` : join(path, name)), '')
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name
}

// RFC 6901
function unescapePointer(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}

function messageOf({keyword, params, message = 'is invalid'}: ErrorObject): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties') return 'is not allowed'
  if (keyword === 'enum') return `must be one of: ${(params.allowedValues as string[]).join(', ')}`
  if (keyword === 'const') return `must be ${String(params.allowedValue)}`
  return message
}
