import type {FastifyRequest} from 'fastify'
import {formFields, jsonOf, textOf} from '../body.js'
import {badRequest} from './errors.js'

/** The arguments of a call, all of them text, as the Bot API itself keeps them; objects are JSON. */
export type Arguments = Readonly<Record<string, string>>

/** Reads them from query and body, which is a form or JSON. The body wins. */
export function readArguments({query, body, headers}: FastifyRequest): Arguments {
  const type = headers['content-type'] ?? ''
  return {...textValues(query as object), ...bodyArguments(body, type)}
}

function bodyArguments(body: unknown, type: string): Arguments {
  if (textOf(body) === '') return {}
  if (/^application\/json\b/i.test(type)) {
    const value = jsonOf(textOf(body))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return textValues(value)
    throw badRequest('JSON object expected')
  }
  return formFields(body)
}

function textValues(value: object): Arguments {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([name, item]) => [name, typeof item === 'string' ? item : JSON.stringify(item)]),
  )
}

/** A number within bounds; what is none, or absent, is the default, as there. */
export function integer(value: string | undefined, normal: number, least: number, most: number): number {
  const number = /^[+-]?\d+$/.test(value ?? '') ? Number(value) : normal
  return Math.min(Math.max(number, least), most)
}
