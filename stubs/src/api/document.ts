import {existsSync, readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {load} from 'js-yaml'
import type {Document} from 'openapi-backend'

export type ApiDocument = Document

/** The documents, in the image and in the package beside the one file that this is built into. */
export const DOCUMENTS = fileURLToPath(new URL('openapi/', import.meta.url))

/** What all paths of all documents begin with. */
export const API = '/api/v1'

/** The document of a service's API, without a path where there is nothing to describe; null when there is none. */
export function readDocument(service: string): ApiDocument | null {
  const file = `${DOCUMENTS}${service}.yaml`
  return existsSync(file) ? (load(readFileSync(file, 'utf8')) as ApiDocument) : null
}

/** One of the document's named examples. */
export function exampleOf({components}: ApiDocument, name: string): unknown {
  const example = components?.examples?.[name]
  if (!example || !('value' in example)) throw new Error(`the document has no example ${name}`)
  return example.value
}
