// The guestbook's web front end: counts visits in Redis and shows a text from a ConfigMap. No dependencies.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { RedisClient } from './redis-client.js';

const version = process.env.GUESTBOOK_VERSION ?? '1';
const textFile = process.env.GUESTBOOK_TEXT_FILE ?? '/etc/guestbook/text';
/** After SIGTERM the proxies need a moment to hear that this pod is leaving: serve on until then. */
const drainMs = Number(process.env.GUESTBOOK_DRAIN_MS ?? 1_500);

const redis = new RedisClient({
  host: process.env.REDIS_HOST ?? 'guestbook-redis',
  port: Number(process.env.REDIS_PORT ?? 6379),
  password: process.env.REDIS_PASSWORD ?? '',
});

let leaving = false;

const server = createServer((request, response) => {
  // A client that keeps its connection must not be left on a pod that goes away.
  if (leaving) response.setHeader('connection', 'close');
  if (request.url === '/healthz') {
    response.writeHead(leaving ? 503 : 200).end(leaving ? 'leaving\n' : 'ok\n');
    return;
  }
  page().then(
    (text) => response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-guestbook-version': version, 'x-served-by': hostname() }).end(text),
    (error) => response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(`The guest book is closed: ${error.message}\n`),
  );
});

async function page() {
  const visits = await redis.command('INCR', 'visits');
  const text = readFileSync(textFile, 'utf8').trim();
  return `${text}\nGuest book version ${version}, page of ${hostname()}\nYou are visitor ${visits}\n`;
}

server.keepAliveTimeout = 30_000;
server.listen(8080, () => process.stdout.write(`guest book version ${version} listens on 8080\n`));

process.on('SIGTERM', () => {
  process.stdout.write('leaving\n');
  leaving = true;
  setTimeout(() => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 5_000).unref();
  }, drainMs);
});
