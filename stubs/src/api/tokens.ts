import {errors, jwtVerify, SignJWT} from 'jose'
import {HttpError} from '../http/problem.js'

const ALGORITHM = 'HS256'
const REFRESH_LIFETIME = '30d'

/** The lifetime of an access token in seconds. */
export const ACCESS_LIFETIME_S = 900

/** The user for whom a token was issued. */
export interface Claims {
  /** The id of the user. */
  sub: string
  username: string
  roles: readonly string[]
}

/** Issues and verifies the tokens of users. */
export interface Tokens {
  /** Issues an access token and a refresh token. */
  issue(claims: Claims): Promise<{accessToken: string; refreshToken: string}>
  /** Returns the claims of an access token. @throws HttpError 401 if it is invalid, expired or a refresh token */
  verify(accessToken: string): Promise<Claims>
  /** Returns the claims of a refresh token. @throws HttpError 401 if it is invalid, expired or an access token */
  verifyRefresh(refreshToken: string): Promise<Claims>
}

/** Creates and verifies JWTs that are signed with HS256 and this secret. */
export function createTokens(secret: string): Tokens {
  const key = new TextEncoder().encode(secret)

  function sign(
    {sub, username, roles}: Claims,
    use: 'access' | 'refresh',
    lifetime: string,
  ): Promise<string> {
    return new SignJWT({username, roles, use})
      .setProtectedHeader({alg: ALGORITHM, typ: 'JWT'})
      .setSubject(sub)
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(key)
  }

  async function verify(token: string, use: 'access' | 'refresh'): Promise<Claims> {
    const options = {algorithms: [ALGORITHM], requiredClaims: ['sub', 'exp']}
    const {payload} = await jwtVerify(token, key, options).catch(rejectToken)
    // Access tokens of a real service have no claim `use`
    if ((payload.use === 'refresh') !== (use === 'refresh')) {
      throw unauthorized(
        use === 'refresh'
          ? 'The token is not a refresh token.'
          : 'A refresh token is only valid for /api/v1/auth/refresh.',
      )
    }
    const {sub = '', username = sub, roles} = payload
    return {sub, username: String(username), roles: Array.isArray(roles) ? roles.map(String) : []}
  }

  return {
    issue: async claims => ({
      accessToken: await sign(claims, 'access', `${ACCESS_LIFETIME_S}s`),
      refreshToken: await sign(claims, 'refresh', REFRESH_LIFETIME),
    }),
    verify: token => verify(token, 'access'),
    verifyRefresh: token => verify(token, 'refresh'),
  }
}

function rejectToken(error: unknown): never {
  throw unauthorized(error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is invalid.')
}

/** Creates a 401 response with the challenge that RFC 6750 defines for a rejected token. */
function unauthorized(message: string): HttpError {
  const challenge = `Bearer realm="aquastream", error="invalid_token", error_description="${message}"`
  return new HttpError(401, message, {headers: {'www-authenticate': challenge}})
}
