// better-auth: sessions and its own rate limit in secondary storage. The accounts are in memory.
import { redisStorage } from '@better-auth/redis-storage'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import Redis from 'ioredis'
import { LEAVER, PASSWORD, PEOPLE, SECRET, about, main, session as row } from '../shared/visits.mjs'

const BASE = 'http://127.0.0.1:3000'
const LIFETIME = 3600 // seconds
const ADDRESS = '203.0.113.9'

function make(url) {
  return betterAuth({
    baseURL: BASE, secret: SECRET, emailAndPassword: { enabled: true, autoSignIn: false }, logger: { disabled: true }, telemetry: { enabled: false },
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    user: { additionalFields: { role: { type: 'string', input: true } } },
    session: { expiresIn: LIFETIME },
    secondaryStorage: redisStorage({ client: new Redis(url) }),
    rateLimit: { enabled: true, storage: 'secondary-storage', window: 60, max: 100 },
  })
}

async function ask(auth, method, path, body, cookie = '') {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': ADDRESS, origin: BASE, cookie }
  return auth.handler(new Request(`${BASE}/api/auth${path}`, { method, headers, body: body && JSON.stringify(body) }))
}

const cookies = answer => answer.headers.getSetCookie().map(one => one.split(';')[0]).join('; ')

async function visit(url) {
  const auth = make(url)
  const sessions = []
  let credential
  for (const [address, role] of [...PEOPLE, LEAVER]) {
    const email = address.replace('ë', 'e') // the framework takes no other letters in an address
    const body = { email, password: PASSWORD, name: address.split('@')[0], role }
    await auth.api.signUpEmail({ body })
    const answer = await auth.api.signInEmail({ body: { email, password: PASSWORD }, asResponse: true, headers: new Headers({ 'x-forwarded-for': ADDRESS }) })
    const { token, user } = await answer.json()
    const cookie = cookies(answer)
    if (email === LEAVER[0]) await ask(auth, 'POST', '/sign-out', {}, cookie)
    else {
      await ask(auth, 'GET', '/get-session', undefined, cookie)
      credential ??= cookie
      sessions.push({ ...row(`better-auth:${token}`, email, role, LIFETIME), user_id: user.id })
    }
  }
  await ask(auth, 'GET', '/get-session')
  const limits = [['/get-session', PEOPLE.length + 1], ['/sign-out', 1]].map(([path, hits]) => ({
    keys: [`better-auth:${ADDRESS}|${path}`], client: ADDRESS, hits, let_in: hits, used: hits, limit: 100, window_s: 60,
    blocked: false, resets_in_s: null }))
  return about(import.meta.url, 'better-auth', 'sessions', 'better-auth', { sessions, anonymous: 0, limits,
    revoke: { key: sessions[0].key, credential } })
}

async function works(url, variant, credential) {
  return await (await ask(make(url), 'GET', '/get-session', undefined, credential)).json() !== null
}

await main(visit, works)
