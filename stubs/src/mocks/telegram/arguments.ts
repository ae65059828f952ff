import type {FastifyRequest} from 'fastify'
import {bodyText, formFields, parseJson} from '../body.js'
import {badRequest} from './errors.js'

/** The arguments of a method as text, like in the Bot API server itself. Objects are JSON. */
export type MethodArguments = Readonly<Record<string, string>>

/**
 * Reads the arguments from the query and the body, which is a form or JSON. The body takes precedence.
 *
 * @throws TelegramError 400 if a JSON body is not an object
 */
export function readArguments({query, body, headers}: FastifyRequest): MethodArguments {
  const type = headers['content-type'] ?? ''
  return {...textValues(query as object), ...bodyArguments(body, type)}
}

function bodyArguments(body: unknown, type: string): MethodArguments {
  if (bodyText(body) === '') return {}
  if (/^application\/json\b/i.test(type)) {
    const value = parseJson(bodyText(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return textValues(value)
    throw badRequest('JSON object expected')
  }
  return formFields(body)
}

/** Converts the values of an object to text, and omits null and undefined. */
export function textValues(value: object): MethodArguments {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([name, item]) => [name, typeof item === 'string' ? item : JSON.stringify(item)]),
  )
}

/** Parses an integer and limits it to a range. As in the Bot API, an invalid value counts as absent. */
export function parseInteger(
  value: string | undefined,
  {fallback, min, max}: {fallback: number; min: number; max: number},
): number {
  const number = /^[+-]?\d+$/.test(value ?? '') ? Number(value) : fallback
  return Math.min(Math.max(number, min), max)
}
