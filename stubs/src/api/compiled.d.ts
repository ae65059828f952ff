// The module that openapi.js compiles from an OpenAPI document; build.js adds it to the bundle.
declare module '*?api' {
  import type {ApiDocument} from './document.js'
  export const operations: ApiDocument['operations']
  export const examples: ApiDocument['examples']
}
