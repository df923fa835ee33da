// Express with express-rate-limit and rate-limit-redis.
import express from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { RedisStore } from 'rate-limit-redis'
import { createClient } from 'redis'
import { HITS, LIMIT, WINDOW, about, limit, main, visitor } from '../shared/visits.mjs'

async function visit(url) {
  const client = await createClient({ url }).connect()
  const app = express()
  app.set('trust proxy', true)
  app.use(rateLimit({ windowMs: WINDOW * 1000, limit: LIMIT, standardHeaders: 'draft-6', legacyHeaders: false,
    validate: { trustProxy: false }, store: new RedisStore({ sendCommand: (...words) => client.sendCommand(words) }) }))
  app.get('/', (request, response) => response.send('hello'))
  const server = app.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const person = visitor(`http://127.0.0.1:${server.address().port}`)

  const limits = []
  for (const [address, hits] of Object.entries(HITS)) {
    let letIn = 0, answer
    for (let hit = 0; hit < hits; hit++) {
      answer = await person.ask('GET', '/', undefined, { 'x-forwarded-for': address })
      letIn += answer.status === 200
    }
    const left = Number(answer.headers.get('ratelimit-remaining'))
    const resets = Number(answer.headers.get('ratelimit-reset'))
    // An IPv6 address counts as its network.
    limits.push(limit([`rl:${ipKeyGenerator(address)}`], address, letIn, LIMIT - left, resets))
  }
  return about(import.meta.url, 'express-rate-limit', 'limits', 'express-rate-limit', { limits })
}

await main(visit)
