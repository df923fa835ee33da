// Koa with koa-session and an external store, as its documentation shows it: JSON text in Redis.
import Redis from 'ioredis'
import Koa from 'koa'
import { createSession } from 'koa-session'
import { LEAVER, PEOPLE, SECRET, about, main, session as row, visitor } from '../shared/visits.mjs'

const LIFETIME = 3600 // seconds

function serve(url) {
  const redis = new Redis(url)
  const app = new Koa()
  app.keys = [SECRET]
  const store = {
    get: async key => JSON.parse(await redis.get(key)),
    set: (key, value, maxAge) => redis.set(key, JSON.stringify(value), 'PX', maxAge),
    destroy: key => redis.del(key),
  }
  app.use(createSession({ store, maxAge: LIFETIME * 1000, prefix: 'koa:sess:' }, app))
  app.use(context => {
    const { path, query } = context
    if (path === '/login') Object.assign(context.session, { user: query.user, role: query.role })
    if (path === '/logout') context.session = null
    if (path === '/cart') context.session.cart = ['tea']
    context.body = path === '/me' ? context.session.user ?? '' : 'hello'
    if (path === '/me' && !context.body) context.status = 401
  })
  return new Promise(resolve => {
    const server = app.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`))
  })
}

/** The key is the value of the cookie; the other cookie is its signature. */
const key = person => /koa\.sess=([^;]+)/.exec(person.cookie)[1]

async function visit(url) {
  const base = await serve(url)
  const sessions = []
  let credential
  for (const [user, role] of [...PEOPLE, LEAVER]) {
    const person = visitor(base)
    await person.ask('POST', `/login?${new URLSearchParams({ user, role })}`)
    if (user === LEAVER[0]) await person.ask('POST', '/logout')
    else {
      credential ??= person.cookie
      sessions.push(row(key(person), user, role, LIFETIME))
    }
  }
  const passer = visitor(base)
  await passer.ask('GET', '/cart')
  sessions.push(row(key(passer), null, null, LIFETIME))
  return about(import.meta.url, 'koa-session', 'sessions', 'koa-session', { sessions, anonymous: 1,
    revoke: { key: sessions[0].key, credential } })
}

async function works(url, variant, credential) {
  return (await visitor(await serve(url), credential).ask('GET', '/me')).status === 200
}

await main(visit, works)
