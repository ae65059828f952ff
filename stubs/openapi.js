// Turns an OpenAPI document into what a stub needs of it at run time, so that neither the parser of YAML nor the
// compiler of JSON Schema is part of the server.
import {readFileSync} from 'node:fs'
import {Ajv, _} from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'
import addFormats from 'ajv-formats'
import {load} from 'js-yaml'

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** The source of a module that is an ApiDocument of src/api/document.ts. */
export function compileApi(file) {
  const document = load(readFileSync(file, 'utf8'))
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter(method => item[method]).map(method => readOperation(document, path, method)),
  )
  return `
    const parameters = ${compile(document, operations, 'parameters', {coerceTypes: 'array'})}
    const body = ${compile(document, operations, 'body', {})}
    const checks = id => [body[id], parameters[id]]
    export const operations = [${operations.map(toSource).join(',')}]
    export const examples = ${JSON.stringify(examplesOf(document))}`
}

function readOperation(document, path, method) {
  const operation = document.paths[path][method]
  const follow = value => (value?.$ref ? resolve(document, value.$ref) : value)
  const body = follow(operation.requestBody)
  return {
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path,
    security: operation.security ?? document.security ?? [],
    mediaTypes: Object.keys(body?.content ?? {}),
    example: exampleOf(operation.responses, follow),
    schemas: {
      parameters: parametersSchema((operation.parameters ?? []).map(follow)),
      body: bodySchema(body),
    },
  }
}

/** What a pointer such as #/components/schemas/Crew leads to. */
function resolve(document, pointer) {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, name) => value[name], document)
}

/** The first example of the first answer that is a success. */
function exampleOf(responses, follow) {
  const status = Object.keys(responses).find(key => key.startsWith('2'))
  const content = follow(responses[status]).content?.['application/json']
  const body = content?.example ?? follow(Object.values(content?.examples ?? {})[0])?.value
  return {status: Number(status), body}
}

function parametersSchema(parameters) {
  const places = ['path', 'query', 'header'].map(place => {
    // Names of headers have no case; Node gives them in lower case
    const named = parameters
      .filter(parameter => parameter.in === place)
      .map(parameter => ({
        ...parameter,
        name: place === 'header' ? parameter.name.toLowerCase() : parameter.name,
      }))
    const schema = {
      type: 'object',
      additionalProperties: place === 'header',
      required: named.filter(({required}) => required).map(({name}) => name),
      properties: Object.fromEntries(named.map(({name, schema}) => [name, schema])),
    }
    return [place, schema]
  })
  return {type: 'object', properties: Object.fromEntries(places)}
}

function bodySchema(body) {
  const schema = body?.content['application/json']?.schema ?? {}
  return {type: 'object', required: body?.required ? ['requestBody'] : [], properties: {requestBody: schema}}
}

/** An expression: an object with the compiled check of each operation, by its id. */
function compile({components}, operations, part, options) {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    code: {source: true, formats: _`require('ajv-formats/dist/formats').fullFormats`},
    ...options,
  })
  addFormats.default(ajv)
  const schemas = Object.fromEntries(operations.map(({operationId, schemas}) => [operationId, schemas[part]]))
  ajv.addSchema({operations: schemas, components}, 'api')
  const ids = Object.fromEntries(Object.keys(schemas).map(id => [id, `api#/operations/${id}`]))
  return `(() => { const exports = {}; ${standaloneCode.default(ajv, ids)}; return exports })()`
}

function toSource(operation) {
  const fields = JSON.stringify({...operation, schemas: undefined})
  return `{...${fields}, checks: checks('${operation.operationId}')}`
}

function examplesOf({components}) {
  return Object.fromEntries(
    Object.entries(components?.examples ?? {}).map(([name, {value}]) => [name, value]),
  )
}
