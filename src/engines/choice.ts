/** What can be asked for; `auto` is Docker where an engine answers. */
export const ENGINES = ['auto', 'compose', 'embedded'] as const

export type EngineChoice = (typeof ENGINES)[number]
