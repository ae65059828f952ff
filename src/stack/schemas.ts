import {SERVICES} from './catalogue.js'

/** The schemas of the platform, in migration order. */
export const PLATFORM = SERVICES.flatMap(({schema}) => (schema === undefined ? [] : [schema]))
