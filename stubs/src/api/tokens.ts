import {errors, jwtVerify, SignJWT} from 'jose'
import {Refusal} from '../http/problem.js'

const ALGORITHM = 'HS256'
const REFRESH_LIFETIME = '30d'

/** Seconds that an access token is valid. */
export const ACCESS_LIFETIME = 900

/** Who a token was made for. */
export interface Claims {
  /** Id of the person. */
  sub: string
  username: string
  roles: readonly string[]
}

export interface Tokens {
  /** A pair for a person. */
  issue(claims: Claims): Promise<{accessToken: string; refreshToken: string}>
  /** Who the token is of; refused with 401 unless it is signed by us, not expired, and no refresh token. */
  verify(accessToken: string): Promise<Claims>
  /** The same for a refresh token. */
  verifyRefresh(refreshToken: string): Promise<Claims>
}

/** Signs and checks the tokens of users, as JWT. */
export function tokensOf(secret: string): Tokens {
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

  async function verify(token: string, refresh: boolean): Promise<Claims> {
    const options = {algorithms: [ALGORITHM], requiredClaims: ['sub', 'exp']}
    const {payload} = await jwtVerify(token, key, options).catch(refuse)
    // The tokens of a real service need no word about their use, except for a refresh token.
    if ((payload.use === 'refresh') !== refresh) {
      throw unauthorized(
        refresh ? 'This is no refresh token.' : 'A refresh token is good for /auth/refresh only.',
      )
    }
    const {sub = '', username = sub, roles} = payload
    return {sub, username: String(username), roles: Array.isArray(roles) ? roles.map(String) : []}
  }

  return {
    issue: async claims => ({
      accessToken: await sign(claims, 'access', `${ACCESS_LIFETIME}s`),
      refreshToken: await sign(claims, 'refresh', REFRESH_LIFETIME),
    }),
    verify: token => verify(token, false),
    verifyRefresh: token => verify(token, true),
  }
}

function refuse(error: unknown): never {
  throw unauthorized(
    error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid.',
  )
}

/** 401 as RFC 6750 has it for a token that is not accepted. */
function unauthorized(message: string): Refusal {
  const challenge = `Bearer realm="aquastream", error="invalid_token", error_description="${message}"`
  return new Refusal(401, message, {headers: {'www-authenticate': challenge}})
}
