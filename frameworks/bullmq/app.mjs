// BullMQ: one job that is done, one that failed, one that waits, one that is delayed, one with a priority.
import { Queue, QueueEvents, Worker } from 'bullmq'
import Redis from 'ioredis'
import { about, main } from '../shared/visits.mjs'

async function visit(url) {
  const connection = new Redis(url, { maxRetriesPerRequest: null })
  const queue = new Queue('mails', { connection })
  const events = new QueueEvents('mails', { connection: connection.duplicate() })
  await events.waitUntilReady()
  const worker = new Worker('mails', async job => {
    if (job.data.to === 'nobody') throw Object.assign(new Error('no such mailbox'), { stack: 'Error: no such mailbox' })
    return { sent: job.data.to }
  }, { connection: connection.duplicate(), name: 'worker' })
  const done = await queue.add('mail', { to: 'ann@example.com' })
  await done.waitUntilFinished(events)
  const failed = await queue.add('mail', { to: 'nobody' })
  await failed.waitUntilFinished(events).catch(() => {})
  await worker.close()
  await queue.add('mail', { to: 'bob@example.com' })
  await queue.add('mail', { to: 'zoë@example.com' }, { delay: 3_600_000 })
  await queue.add('mail', { to: 'dora@example.com' }, { priority: 3 })
  const counts = await queue.getJobCounts('wait', 'delayed', 'prioritized', 'completed', 'failed')
  return about(import.meta.url, 'bullmq', 'bystander', 'BullMQ', { counts })
}

await main(visit)
