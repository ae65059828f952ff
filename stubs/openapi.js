// Compiles an OpenAPI document into a JavaScript module, so that the server needs neither a YAML parser nor a JSON
// Schema compiler at run time.
import {readFileSync} from 'node:fs'
import {Ajv, _} from 'ajv'
import standaloneCode from 'ajv/dist/standalone/index.js'
import addFormats from 'ajv-formats'
import {load} from 'js-yaml'

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** Ajv options of the validators for each part of a request. Parameters arrive as text and are converted. */
const VALIDATOR_OPTIONS = {parameters: {coerceTypes: 'array'}, body: {}}

/** Returns the source code of a module whose exports form an ApiDocument of src/api/document.ts. */
export function compileApi(file) {
  const document = load(readFileSync(file, 'utf8'))
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter(method => item[method]).map(method => readOperation(document, path, method)),
  )
  return `
    const parameters = ${compileValidators(document, operations, 'parameters')}
    const body = ${compileValidators(document, operations, 'body')}
    const validatorsOf = id => [body[id], parameters[id]]
    export const operations = [${operations.map(toSource).join(',')}]
    export const examples = ${JSON.stringify(namedExamples(document))}`
}

function readOperation(document, path, method) {
  const operation = document.paths[path][method]
  const dereference = value => (value?.$ref ? resolvePointer(document, value.$ref) : value)
  const body = dereference(operation.requestBody)
  return {
    operationId: operation.operationId,
    method: method.toUpperCase(),
    path,
    security: operation.security ?? document.security ?? [],
    mediaTypes: Object.keys(body?.content ?? {}),
    example: responseExample(operation.responses, dereference),
    schemas: {
      parameters: parametersSchema((operation.parameters ?? []).map(dereference)),
      body: bodySchema(body),
    },
  }
}

/** Returns the value that a JSON pointer such as #/components/schemas/Crew refers to. */
function resolvePointer(document, pointer) {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, name) => value[name], document)
}

/** Returns the first example of the first response with a 2xx status. */
function responseExample(responses, dereference) {
  const status = Object.keys(responses).find(key => key.startsWith('2'))
  const content = dereference(responses[status]).content?.['application/json']
  const body = content?.example ?? dereference(Object.values(content?.examples ?? {})[0])?.value
  return {status: Number(status), body}
}

function parametersSchema(parameters) {
  const locations = ['path', 'query', 'header'].map(location => {
    // Header names are case-insensitive; Node provides them in lower case
    const named = parameters
      .filter(parameter => parameter.in === location)
      .map(parameter => ({
        ...parameter,
        name: location === 'header' ? parameter.name.toLowerCase() : parameter.name,
      }))
    const schema = {
      type: 'object',
      additionalProperties: location === 'header',
      required: named.filter(({required}) => required).map(({name}) => name),
      properties: Object.fromEntries(named.map(({name, schema}) => [name, schema])),
    }
    return [location, schema]
  })
  return {type: 'object', properties: Object.fromEntries(locations)}
}

function bodySchema(body) {
  const schema = body?.content['application/json']?.schema ?? {}
  return {type: 'object', required: body?.required ? ['requestBody'] : [], properties: {requestBody: schema}}
}

/** Returns an expression: an object that maps each operationId to the compiled validator of this request part. */
function compileValidators({components}, operations, part) {
  const ajv = new Ajv({
    allErrors: true,
    strict: false,
    code: {source: true, formats: _`require('ajv-formats/dist/formats').fullFormats`},
    ...VALIDATOR_OPTIONS[part],
  })
  addFormats.default(ajv)
  const schemas = Object.fromEntries(operations.map(({operationId, schemas}) => [operationId, schemas[part]]))
  ajv.addSchema({operations: schemas, components}, 'api')
  const ids = Object.fromEntries(Object.keys(schemas).map(id => [id, `api#/operations/${id}`]))
  return `(() => { const exports = {}; ${standaloneCode.default(ajv, ids)}; return exports })()`
}

function toSource(operation) {
  const fields = JSON.stringify({...operation, schemas: undefined})
  return `{...${fields}, validators: validatorsOf('${operation.operationId}')}`
}

function namedExamples({components}) {
  return Object.fromEntries(
    Object.entries(components?.examples ?? {}).map(([name, {value}]) => [name, value]),
  )
}
