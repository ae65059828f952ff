import {Refusal} from '../http/problem.js'
import type {SecurityRequirement} from './document.js'
import type {Claims, Tokens} from './tokens.js'

/**
 * Whose request it is, by what a document says an operation needs; null where it needs nothing. Refused with 401
 * without a valid token, and with 403 when the token lacks the roles that the document names.
 */
export async function authorize(
  security: readonly SecurityRequirement[],
  authorization: string | undefined,
  tokens: Tokens,
): Promise<Claims | null> {
  const roles = security.find(requirement => 'bearerAuth' in requirement)?.bearerAuth
  if (!roles) return null
  const claims = await tokens.verify(bearerToken(authorization))
  const missing = roles.filter(role => !claims.roles.includes(role))
  if (missing.length > 0) throw forbidden(missing)
  return claims
}

function bearerToken(authorization: string | undefined): string {
  const token = /^Bearer +([^\s]+)$/i.exec(authorization ?? '')?.[1]
  if (token) return token
  throw new Refusal(
    401,
    'This needs a token: send the accessToken of POST /api/v1/auth/login as a Bearer token.',
    {
      headers: {'www-authenticate': 'Bearer realm="aquastream"'},
    },
  )
}

function forbidden(missing: string[]): Refusal {
  const scope = missing.join(' ')
  return new Refusal(403, `This needs the role ${missing.join(' and ')}.`, {
    headers: {'www-authenticate': `Bearer realm="aquastream", error="insufficient_scope", scope="${scope}"`},
  })
}
