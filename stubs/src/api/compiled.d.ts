// An OpenAPI document as openapi.js compiles it; build.js puts it into the bundle.
declare module '*?api' {
  import type {ApiDocument} from './document.js'
  export const operations: ApiDocument['operations']
  export const examples: ApiDocument['examples']
}
