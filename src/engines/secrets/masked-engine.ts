import {AquastreamError, type Evidence} from '../../errors.js'
import type {Engine} from '../engine.js'
import type {StackContext} from '../stack-context.js'

/**
 * Returns an engine whose evidence contains no secret: a service may have logged any that it was started with. They are
 * known from the settings and from the containers, so also where no settings file is. Swarm gives nobody the value of a
 * secret; there, without the settings, only what looks like a secret is masked.
 */
export function withMaskedEvidence(engine: Engine, stack: Pick<StackContext, 'env' | 'files'>): Engine {
  const mask = async (evidence: Evidence[]): Promise<Evidence[]> => {
    const {maskEvidence} = await import('./mask-evidence.js')
    // Docker Engine may have stopped in the meantime.
    return maskEvidence(evidence, {stack, facts: await engine.facts().catch(() => [])})
  }
  const masked = async <T>(work: Promise<T>): Promise<T> =>
    work.catch(async (error: unknown) => {
      if (!(error instanceof AquastreamError) || error.evidence.length === 0) throw error
      throw error.withEvidence(await mask(error.evidence))
    })
  const {history} = engine
  return {
    ...engine,
    async diagnose(state) {
      const {evidence, ...found} = await engine.diagnose(state)
      return {...found, evidence: await mask(evidence)}
    },
    start: (...args) => masked(engine.start(...args)),
    stopServices: (...args) => masked(engine.stopServices(...args)),
    restartServices: (...args) => masked(engine.restartServices(...args)),
    ...(history && {history: {...history, rollBack: (...args) => masked(history.rollBack(...args))}}),
  }
}
