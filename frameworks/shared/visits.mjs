// What the Node applications share: who visits, and how an application is called.
//
// app.mjs URL VARIANT               writes to Redis through its framework, and prints what it knows
// app.mjs URL VARIANT CREDENTIAL    prints whether that credential is still signed in
import { readFileSync } from 'node:fs'

export const PEOPLE = [['ann@example.com', 'admin'], ['bob@example.com', 'customer'], ['zoë@example.com', 'customer']]
export const LEAVER = ['dora@example.com', 'customer'] // signs in, and out again
export const PASSWORD = 'correct horse battery staple'
export const SECRET = 'a secret for tests, nobody else has it'
export const LIMIT = 5
export const WINDOW = 3600 // seconds
export const HITS = { '203.0.113.9': 3, '2001:db8:0:13::5': 2, '198.51.100.7': 8 } // requests from each address

/** The name of a key as printable ASCII: other bytes as \xNN, a backslash as \\. */
export function escaped(name) {
  return [...Buffer.from(name)].map(byte =>
    byte === 0x5c ? '\\\\' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte)
      : '\\x' + byte.toString(16).padStart(2, '0')).join('')
}

/** Begin the document: the framework is named as its package unless it has another name. */
export function about(url, name, kind, framework = name, more = {}) {
  const file = new URL(`node_modules/${name}/package.json`, url)
  return { framework, version: JSON.parse(readFileSync(file)).version, kind, ...more }
}

export function session(key, user, role, expires_in_s) {
  return { key: escaped(key), user, signed_in: user !== null, role, expires_in_s }
}

/** Describe one client's limit; `used` is what the framework says, at most the limit. */
export function limit(keys, client, let_in, used, resets_in_s, more = {}) {
  const hits = HITS[client]
  return { keys: keys.map(escaped), client, hits, let_in, used, limit: LIMIT, window_s: WINDOW,
    blocked: let_in < hits, resets_in_s, ...more }
}

/** Call a server that listens on loopback, with one cookie jar for each visitor. */
export function visitor(base, cookie = '') {
  return {
    get cookie() { return cookie },
    async ask(method, path, body, headers = {}) {
      const answer = await fetch(base + path, {
        method, redirect: 'manual', body: body && JSON.stringify(body),
        headers: { ...(body && { 'content-type': 'application/json' }), ...(cookie && { cookie }), ...headers },
      })
      const jar = new Map(cookie.split('; ').filter(Boolean).map(pair => pair.split(/=(.*)/s)))
      for (const one of answer.headers.getSetCookie()) {
        const [name, value] = one.split(';')[0].split(/=(.*)/s)
        jar.set(name, value)
      }
      cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) }
    },
  }
}

/** Do what the command line says. */
export async function main(visit, works) {
  const [url, variant, credential] = process.argv.slice(2)
  const answer = credential === undefined ? await visit(url, variant) : { works: await works(url, variant, credential) }
  process.stdout.write('\n' + JSON.stringify(answer) + '\n', () => process.exit(0))
}
