// rate-limiter-flexible: its limiter is called as a middleware would call it.
import Redis from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { HITS, LIMIT, WINDOW, about, limit, main } from '../shared/visits.mjs'

async function visit(url) {
  const limiter = new RateLimiterRedis({ storeClient: new Redis(url), points: LIMIT, duration: WINDOW })
  const limits = []
  for (const [address, hits] of Object.entries(HITS)) {
    let letIn = 0, answer
    for (let hit = 0; hit < hits; hit++) {
      try {
        answer = await limiter.consume(address)
        letIn++
      } catch (refused) {
        if (refused instanceof Error) throw refused
        answer = refused
      }
    }
    limits.push(limit([limiter.getKey(address)], address, letIn, LIMIT - answer.remainingPoints, answer.msBeforeNext / 1000))
  }
  // Blocked by hand: no request was made, and none is let in for ten minutes.
  await limiter.block('192.0.2.77', 600)
  const blocked = { client: '192.0.2.77', keys: [limiter.getKey('192.0.2.77')], hits: 0, let_in: 0, used: LIMIT,
    limit: LIMIT, window_s: WINDOW, blocked: true, resets_in_s: 600 }
  return about(import.meta.url, 'rate-limiter-flexible', 'limits', 'rate-limiter-flexible', { limits: [...limits, blocked] })
}

await main(visit)
