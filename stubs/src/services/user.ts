import {randomUUID} from 'node:crypto'
import {exampleOf, type ApiDocument} from '../api/document.js'
import type {ApiCall, ApiResponse, Handlers} from '../api/serve.js'
import {ACCESS_LIFETIME_S, type Claims, type Tokens} from '../api/tokens.js'
import {HttpError} from '../http/problem.js'
import {TEST_USER} from '../test-user.js'

interface Profile {
  id: string
  username: string
  displayName: string
  locale: string
  roles: readonly string[]
  telegram: {linked: boolean; username?: string}
}

interface Registration {
  username: string
  password: string
  displayName: string
  locale?: string
  telegramUsername?: string
}

/** Creates the handlers of the user service. Accounts and profiles are kept in memory, and the tokens are real. */
export function userHandlers(document: ApiDocument, tokens: Tokens): Handlers {
  const passwords = new Map<string, string>([[TEST_USER.username, TEST_USER.password]])
  const profiles = new Map<string, Profile>([[TEST_USER.id, exampleOf(document, 'Profile') as Profile]])

  async function createSession(status: number, profile: Profile): Promise<ApiResponse> {
    const {id: sub, username, roles} = profile
    const issued = await tokens.issue({sub, username, roles})
    return {status, body: {...issued, tokenType: 'Bearer', expiresIn: ACCESS_LIFETIME_S, user: profile}}
  }

  return {
    register({body}: ApiCall<Registration>) {
      if (passwords.has(body.username))
        throw new HttpError(409, `The username ${body.username} is already taken.`)
      const profile = newProfile(body)
      passwords.set(profile.username, body.password)
      profiles.set(profile.id, profile)
      return createSession(201, profile)
    },

    login({body: {username, password}}: ApiCall<{username: string; password: string}>) {
      const profile = [...profiles.values()].find(known => known.username === username)
      if (!profile || passwords.get(username) !== password) {
        const headers = {'www-authenticate': 'Bearer realm="aquastream"'}
        throw new HttpError(401, 'The username or the password is wrong.', {headers})
      }
      return createSession(200, profile)
    },

    async refresh({body}: ApiCall<{refreshToken: string}>) {
      const claims = await tokens.verifyRefresh(body.refreshToken)
      return createSession(200, profiles.get(claims.sub) ?? profileOf(claims))
    },

    getProfile({claims}: ApiCall) {
      return {status: 200, body: profiles.get(claims.sub) ?? profileOf(claims)}
    },

    updateProfile({claims, body}: ApiCall<Partial<Profile>>) {
      const {id, username, roles, telegram, locale} = profiles.get(claims.sub) ?? profileOf(claims)
      const profile = {id, username, roles, telegram, locale, displayName: username, ...body}
      profiles.set(id, profile)
      return {status: 200, body: profile}
    },
  }
}

function newProfile({username, displayName, locale = 'ru', telegramUsername}: Registration): Profile {
  const telegram = {linked: false, ...(telegramUsername ? {username: telegramUsername} : {})}
  return {id: randomUUID(), username, displayName, locale, roles: ['USER'], telegram}
}

/** Creates a profile for a token from before the last restart, or of a real user service. */
function profileOf({sub, username, roles}: Claims): Profile {
  return {id: sub, username, displayName: username, locale: 'ru', roles, telegram: {linked: false}}
}
