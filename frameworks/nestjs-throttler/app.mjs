// NestJS with @nestjs/throttler and the Redis storage of @nest-lab.
import 'reflect-metadata'
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis'
import { Controller, Get, Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler'
import Redis from 'ioredis'
import { HITS, LIMIT, WINDOW, about, limit, main, visitor } from '../shared/visits.mjs'

const hashes = new Map() // from an address to the hash that the guard makes of it

class Guard extends ThrottlerGuard {
  generateKey(context, tracker, name) {
    const hash = super.generateKey(context, tracker, name)
    hashes.set(context.switchToHttp().getRequest().ip, hash)
    return hash
  }
}

class Pages {
  home() { return 'hello' }
}
Controller()(Pages)
Get()(Pages.prototype, 'home', Object.getOwnPropertyDescriptor(Pages.prototype, 'home'))

async function visit(url) {
  class App {}
  Module({
    imports: [ThrottlerModule.forRoot({ throttlers: [{ ttl: WINDOW * 1000, limit: LIMIT }],
      storage: new ThrottlerStorageRedisService(new Redis(url)) })],
    controllers: [Pages],
    providers: [{ provide: APP_GUARD, useClass: Guard }],
  })(App)
  const app = await NestFactory.create(App, { logger: false })
  app.getHttpAdapter().getInstance().set('trust proxy', true)
  await app.listen(0, '127.0.0.1')
  const person = visitor(`http://127.0.0.1:${app.getHttpServer().address().port}`)

  const limits = []
  for (const [address, hits] of Object.entries(HITS)) {
    let letIn = 0, answer
    for (let hit = 0; hit < hits; hit++) {
      answer = await person.ask('GET', '/', undefined, { 'x-forwarded-for': address })
      letIn += answer.status === 200
    }
    const refused = answer.status === 429
    const used = refused ? LIMIT : LIMIT - Number(answer.headers.get('x-ratelimit-remaining'))
    const resets = Number(answer.headers.get(refused ? 'retry-after' : 'x-ratelimit-reset'))
    const stem = `{${hashes.get(address)}:default}`
    limits.push(limit([`${stem}:hits`, ...(refused ? [`${stem}:blocked`] : [])], address, letIn, used, resets))
  }
  return about(import.meta.url, '@nestjs/throttler', 'limits', '@nestjs/throttler', { limits })
}

await main(visit)
