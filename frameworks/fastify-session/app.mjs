// Fastify with @fastify/session over the store of connect-redis.
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import fastify from 'fastify'
import { createClient } from 'redis'
import { LEAVER, PEOPLE, SECRET, about, main, session as row, visitor } from '../shared/visits.mjs'

const LIFETIME = 3600 // seconds

async function serve(url) {
  const client = await createClient({ url }).connect()
  const app = fastify()
  await app.register(cookie)
  await app.register(session, { store: new RedisStore({ client }), secret: SECRET, saveUninitialized: false,
    cookie: { secure: false, maxAge: LIFETIME * 1000 } })
  app.post('/login', async request => {
    await request.session.regenerate()
    request.session.set('user', { id: request.body.user, role: request.body.role })
    return request.session.sessionId
  })
  app.post('/logout', async request => { await request.session.destroy(); return 'bye' })
  app.get('/cart', async request => { request.session.set('cart', ['tea']); return request.session.sessionId })
  app.get('/me', async request => request.session.get('user')?.id ?? '')
  return app.listen({ port: 0, host: '127.0.0.1' })
}

async function visit(url) {
  const base = await serve(url)
  const sessions = []
  let credential
  for (const [user, role] of [...PEOPLE, LEAVER]) {
    const person = visitor(base)
    const { text: id } = await person.ask('POST', '/login', { user, role })
    if (user === LEAVER[0]) await person.ask('POST', '/logout')
    else {
      credential ??= person.cookie
      sessions.push(row(`sess:${id}`, user, role, LIFETIME))
    }
  }
  const { text: id } = await visitor(base).ask('GET', '/cart')
  sessions.push(row(`sess:${id}`, null, null, LIFETIME))
  return about(import.meta.url, '@fastify/session', 'sessions', '@fastify/session', { sessions, anonymous: 1,
    revoke: { key: sessions[0].key, credential } })
}

async function works(url, variant, credential) {
  return (await visitor(await serve(url), credential).ask('GET', '/me')).text !== ''
}

await main(visit, works)
