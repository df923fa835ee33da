// Fastify with @fastify/rate-limit.
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import Redis from 'ioredis'
import { HITS, LIMIT, WINDOW, about, limit, main } from '../shared/visits.mjs'

// The plugin counts an IPv6 address as its network of 64 bits.
const COUNTED_AS = { '2001:db8:0:13::5': '2001:db8:0:13::' }

async function visit(url) {
  const app = fastify()
  await app.register(rateLimit, { max: LIMIT, timeWindow: WINDOW * 1000, redis: new Redis(url) })
  app.get('/', async () => 'hello')
  const limits = []
  for (const [address, hits] of Object.entries(HITS)) {
    let letIn = 0, answer
    for (let hit = 0; hit < hits; hit++) {
      answer = await app.inject({ url: '/', remoteAddress: address })
      letIn += answer.statusCode === 200
    }
    const left = Number(answer.headers['x-ratelimit-remaining'])
    const resets = Number(answer.headers['x-ratelimit-reset'])
    limits.push(limit([`fastify-rate-limit-${COUNTED_AS[address] ?? address}`], address, letIn, LIMIT - left, resets))
  }
  return about(import.meta.url, '@fastify/rate-limit', 'limits', '@fastify/rate-limit', { limits })
}

await main(visit)
