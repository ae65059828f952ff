import {HttpError} from '../http/problem.js'
import type {SecurityRequirement} from './document.js'
import type {Claims, Tokens} from './tokens.js'

/**
 * Checks the Authorization header of a request against the security requirements of an operation. Returns the claims
 * of the token, or null if the operation requires no token.
 *
 * @throws HttpError 401 if the token is missing or invalid, 403 if it lacks a required role
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
  throw new HttpError(
    401,
    'The operation requires a token. Send the accessToken from POST /api/v1/auth/login as a Bearer token.',
    {headers: {'www-authenticate': 'Bearer realm="aquastream"'}},
  )
}

function forbidden(missing: string[]): HttpError {
  const scope = missing.join(' ')
  return new HttpError(403, `The token lacks the role ${missing.join(' and ')}.`, {
    headers: {'www-authenticate': `Bearer realm="aquastream", error="insufficient_scope", scope="${scope}"`},
  })
}
