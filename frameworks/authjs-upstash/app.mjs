// Auth.js with its Upstash adapter and the client of Upstash: sign-in by a link in a mail.
// Upstash's client speaks HTTP, so a bridge in this file passes each command on to Redis, as the service does.
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { Auth } from '@auth/core'
import { UpstashRedisAdapter } from '@auth/upstash-redis-adapter'
import { Redis as Upstash } from '@upstash/redis'
import Redis from 'ioredis'
import { LEAVER, PEOPLE, SECRET, about, main, session as row } from '../shared/visits.mjs'

const BASE = 'http://127.0.0.1:3000/auth'
const LIFETIME = 3600 // seconds

async function bridge(url) {
  const redis = new Redis(url)
  const encoded = value => typeof value === 'string' ? Buffer.from(value).toString('base64')
    : Array.isArray(value) ? value.map(encoded) : value
  const carryOut = async ([name, ...words], wrap) => ({ result: wrap(await redis.call(name, ...words.map(String))) })
  const server = createServer(async (request, response) => {
    const body = await json(request)
    const wrap = request.headers['upstash-encoding'] === 'base64' ? encoded : value => value
    const many = request.url === '/pipeline' || request.url === '/multi-exec'
    const answer = many ? await Promise.all(body.map(one => carryOut(one, wrap))) : await carryOut(body, wrap)
    response.end(JSON.stringify(answer))
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}`
}

const mailed = {} // from an address to the link that was sent to it

async function make(url) {
  const client = new Upstash({ url: await bridge(url), token: 'none', enableTelemetry: false })
  const link = { id: 'link', type: 'email', name: 'Link', from: 'shop@example.com', maxAge: 600,
    sendVerificationRequest: ({ identifier, url }) => { mailed[identifier] = url } }
  return { adapter: UpstashRedisAdapter(client), providers: [link], secret: SECRET, trustHost: true, basePath: '/auth',
    session: { strategy: 'database', maxAge: LIFETIME } }
}

/** A browser: one cookie jar. */
function browser(config) {
  const jar = new Map()
  return {
    jar,
    async ask(path, form) {
      const headers = { cookie: [...jar].map(pair => pair.join('=')).join('; ') }
      const body = form && new URLSearchParams(form)
      const answer = await Auth(new Request(path.startsWith('http') ? path : BASE + path,
        { method: form ? 'POST' : 'GET', headers, body }), config)
      for (const one of answer.headers.getSetCookie()) {
        const [name, value] = one.split(';')[0].split(/=(.*)/s)
        jar.set(name, value)
      }
      return answer
    },
    async token() { return (await (await this.ask('/csrf')).json()).csrfToken },
  }
}

async function visit(url) {
  const config = await make(url)
  const sessions = []
  for (const [email] of [...PEOPLE, LEAVER]) {
    const person = browser(config)
    await person.ask('/signin/link', { email, csrfToken: await person.token() })
    await person.ask(mailed[email])
    if (email === LEAVER[0]) await person.ask('/signout', { csrfToken: await person.token() })
    else sessions.push(row(`user:session:${person.jar.get('authjs.session-token')}`, email, null, LIFETIME))
  }
  await browser(config).ask('/session')
  const credential = sessions[0].key.split(':').at(-1)
  return about(import.meta.url, '@auth/upstash-redis-adapter', 'sessions', 'Auth.js', { sessions, anonymous: 0,
    revoke: { key: sessions[0].key, credential } })
}

async function works(url, variant, credential) {
  const person = browser(await make(url))
  person.jar.set('authjs.session-token', credential)
  return await (await person.ask('/session')).json() !== null
}

await main(visit, works)
