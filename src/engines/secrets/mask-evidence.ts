import type {Evidence} from '../../errors.js'
import {masker} from '../../system/mask/mask.js'
import type {ServiceFacts} from '../engine.js'
import type {StackContext} from '../stack-context.js'
import {knownSecrets} from './known-secrets.js'

/** The longest line that is searched, which is a part of a line for Docker Engine, and the longest that is shown. */
const SEARCHED = 16 * 1024
const SHOWN = 500

/** Masks every secret of a stack, and shortens long lines: only afterwards, so that no part of a secret remains. */
export async function maskEvidence(
  evidence: Evidence[],
  {stack, facts}: {stack: Pick<StackContext, 'env' | 'files'>; facts: ServiceFacts[]},
): Promise<Evidence[]> {
  const {secrets} = await knownSecrets(stack, facts)
  const mask = masker(secrets)
  return evidence.map(({title, lines}) => {
    const {text} = mask(lines.map(line => line.slice(0, SEARCHED)).join('\n'))
    return {title, lines: text.split('\n').map(shorten)}
  })
}

function shorten(line: string): string {
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 1)}…` : line
}
