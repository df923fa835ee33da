// Express with express-session and connect-redis.
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { LEAVER, PEOPLE, SECRET, about, main, session as row, visitor } from '../shared/visits.mjs'

const LIFETIME = 3600 // seconds

async function serve(url) {
  const client = await createClient({ url }).connect()
  const app = express()
  app.use(express.json())
  app.use(session({ store: new RedisStore({ client }), secret: SECRET, resave: false, saveUninitialized: false,
    cookie: { maxAge: LIFETIME * 1000 } }))
  app.post('/login', (request, response, next) => request.session.regenerate(error => {
    if (error) return next(error)
    Object.assign(request.session, { user: { id: request.body.user, role: request.body.role } })
    response.send(request.sessionID)
  }))
  app.post('/logout', (request, response, next) => request.session.destroy(error => error ? next(error) : response.send('bye')))
  app.get('/cart', (request, response) => { request.session.cart = ['tea']; response.send(request.sessionID) })
  app.get('/me', (request, response) => response.send(request.session.user?.id ?? ''))
  const server = app.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return `http://127.0.0.1:${server.address().port}`
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
      await person.ask('GET', '/me')
      credential ??= person.cookie
      sessions.push(row(`sess:${id}`, user, role, LIFETIME))
    }
  }
  const { text: id } = await visitor(base).ask('GET', '/cart')
  sessions.push(row(`sess:${id}`, null, null, LIFETIME))
  return about(import.meta.url, 'connect-redis', 'sessions', 'connect-redis', { sessions, anonymous: 1,
    revoke: { key: sessions[0].key, credential } })
}

async function works(url, variant, credential) {
  return (await visitor(await serve(url), credential).ask('GET', '/me')).text !== ''
}

await main(visit, works)
