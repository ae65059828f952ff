/** The values of `--engine`. `auto` selects compose if Docker Engine is available; dev otherwise uses embedded. */
export const ENGINES = ['auto', 'compose', 'embedded'] as const

export type EngineChoice = (typeof ENGINES)[number]
