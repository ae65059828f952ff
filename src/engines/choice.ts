/** The values of `--engine`. `auto` selects AQUASTREAM_ENGINE, or compose; dev falls back to embedded without Docker. */
export const ENGINES = ['auto', 'compose', 'embedded', 'swarm'] as const

export type EngineChoice = (typeof ENGINES)[number]
