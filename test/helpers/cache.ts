import {resolve} from 'node:path'

/** The cache of templates, which is kept between runs. */
export const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/aquastream-test')
