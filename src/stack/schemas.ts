import {SERVICES} from './catalogue.js'

/** The schemas of the platform, in the order of its migrations. */
export const PLATFORM = SERVICES.flatMap(({schema}) => (schema === undefined ? [] : [schema]))
