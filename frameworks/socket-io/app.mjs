// Socket.IO with its Redis adapter, its emitter, and its adapter for streams.
// The first two only publish; the last leaves a stream.
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { Emitter } from '@socket.io/redis-emitter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import { createClient } from 'redis'
import { Server } from 'socket.io'
import { about, main } from '../shared/visits.mjs'

async function visit(url) {
  const connect = () => createClient({ url }).connect()
  const io = new Server(createServer(), { adapter: createAdapter(await connect(), await connect()) })
  io.emit('news', { text: 'zoë is here' })
  io.to('room1').emit('chat', 'hi')
  io.serverSideEmit('restart', 'soon')

  const client = await connect()
  const emitter = new Emitter(client)
  emitter.of('/orders').to('room2').emit('paid', { order: 7 })

  const streams = new Server(createServer(), { adapter: createStreamsAdapter(client) })
  streams.to('room3').emit('chat', { text: 'hi' })
  while (!await client.exists('socket.io')) await new Promise(resolve => setTimeout(resolve, 10))
  const published = [
    { event: 'news', data: { text: 'zoë is here' }, rooms: [], namespace: '/' },
    { event: 'chat', data: 'hi', rooms: ['room1'], namespace: '/' },
    { event: 'paid', data: { order: 7 }, rooms: ['room2'], namespace: '/orders' },
  ].map(holds => ({ shown_as: 'Socket.IO broadcast', holds }))
  published.push({ shown_as: 'Socket.IO request', holds: { type: 'server-side event', data: ['restart', 'soon'] } })
  return about(import.meta.url, 'socket.io', 'bystander', 'Socket.IO', { messages: 4, stream: 'socket.io', published })
}

await main(visit)
