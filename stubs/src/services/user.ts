import {randomUUID} from 'node:crypto'
import {exampleOf, type ApiDocument} from '../api/document.js'
import type {Answer, Call, Handlers} from '../api/serve.js'
import {ACCESS_LIFETIME, type Claims, type Tokens} from '../api/tokens.js'
import {Refusal} from '../http/problem.js'
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

/** Registering, logging in and the profile are remembered; who logs in gets real tokens. */
export function userHandlers(document: ApiDocument, tokens: Tokens): Handlers {
  const passwords = new Map<string, string>([[TEST_USER.username, TEST_USER.password]])
  const profiles = new Map<string, Profile>([[TEST_USER.id, exampleOf(document, 'Profile') as Profile]])

  async function session(status: number, profile: Profile): Promise<Answer> {
    const {id: sub, username, roles} = profile
    const pair = await tokens.issue({sub, username, roles})
    return {status, body: {...pair, tokenType: 'Bearer', expiresIn: ACCESS_LIFETIME, user: profile}}
  }

  return {
    register({body}: Call<Registration>) {
      if (passwords.has(body.username)) throw new Refusal(409, `The name ${body.username} is taken.`)
      const profile = newcomer(body)
      passwords.set(profile.username, body.password)
      profiles.set(profile.id, profile)
      return session(201, profile)
    },

    login({body: {username, password}}: Call<{username: string; password: string}>) {
      const profile = [...profiles.values()].find(known => known.username === username)
      if (!profile || passwords.get(username) !== password) {
        const headers = {'www-authenticate': 'Bearer realm="aquastream"'}
        throw new Refusal(401, 'The name or the password is wrong.', {headers})
      }
      return session(200, profile)
    },

    async refresh({body}: Call<{refreshToken: string}>) {
      const claims = await tokens.verifyRefresh(body.refreshToken)
      return session(200, profiles.get(claims.sub) ?? stranger(claims))
    },

    getProfile({claims}: Call) {
      return {status: 200, body: profiles.get(claims.sub) ?? stranger(claims)}
    },

    updateProfile({claims, body}: Call<Partial<Profile>>) {
      const {id, username, roles, telegram, locale} = profiles.get(claims.sub) ?? stranger(claims)
      const profile = {id, username, roles, telegram, locale, displayName: username, ...body}
      profiles.set(id, profile)
      return {status: 200, body: profile}
    },
  }
}

function newcomer({username, displayName, locale = 'ru', telegramUsername}: Registration): Profile {
  const telegram = {linked: false, ...(telegramUsername ? {username: telegramUsername} : {})}
  return {id: randomUUID(), username, displayName, locale, roles: ['USER'], telegram}
}

/** Whose token outlived the stub that knew them, or comes from elsewhere. */
function stranger({sub, username, roles}: Claims): Profile {
  return {id: sub, username, displayName: username, locale: 'ru', roles, telegram: {linked: false}}
}
