// Runs in test pods and on the machine: one network action, its result as JSON on stdout.
//   http URL [times]        a new connection for each request
//   hammer URL SECONDS N    N requests at a time, each over a new connection: how many, by whom, what failed
//   hold HOST PORT N SECONDS   N connections that say nothing, and how many of them opened
//   flood HOST PORT N       a datagram each from N sockets
//   udp HOST PORT [times]   a new socket for each datagram
//   dns TYPE NAME           the resolver of the pod, without its search path
//   lookup NAME             getaddrinfo(3), with the search path
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { get } from 'node:http';
import { connect } from 'node:net';

const timeoutMs = 3_000;

function http(url, timeout = timeoutMs) {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; });
      response.on('end', () => resolve(parse(body)));
    });
    call.on('timeout', () => call.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })));
    call.on('error', (error) => resolve({ error: error.code ?? error.message }));
  });
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return { body };
  }
}

function udp(host, port) {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (result) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ error: 'ETIMEDOUT' }), timeoutMs);
    socket.on('error', (error) => finish({ error: error.code }));
    socket.on('message', (message, from) => finish({ ...parse(message.toString()), from: from.address }));
    socket.connect(Number(port), host, () => socket.send('?'));
  });
}

async function hammer(url, seconds, concurrency) {
  const end = performance.now() + Number(seconds) * 1000;
  const counts = {};
  let slowest = 0;
  await Promise.all(Array.from({ length: Number(concurrency) }, async () => {
    while (performance.now() < end) {
      const started = performance.now();
      const { name, error, body } = await http(url, 10_000);
      slowest = Math.max(slowest, performance.now() - started);
      const key = name ?? `error ${error ?? body}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }));
  return { counts, slowest };
}

async function hold(host, port, count, seconds) {
  let opened = 0;
  const sockets = Array.from({ length: Number(count) }, () => connect({ host, port: Number(port) }, () => { opened += 1; }).on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  for (const socket of sockets) socket.resetAndDestroy();
  return { opened };
}

async function flood(host, port, count) {
  for (let index = 0; index < Number(count); index++) {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.send('?', Number(port), host, resolve));
    socket.close();
  }
  return {};
}

async function times(count, action) {
  const results = [];
  for (let index = 0; index < Number(count); index++) results.push(await action());
  return results;
}

const actions = {
  http: (url, count = 1) => times(count, () => http(url)),
  hammer,
  hold,
  flood,
  udp: (host, port, count = 1) => times(count, () => udp(host, port)),
  dns: (type, name) => new Resolver({ timeout: timeoutMs, tries: 1 }).resolve(name, type).catch((error) => ({ error: error.code })),
  lookup: (name) => lookup(name, { all: true, family: 4 }).then((found) => found.map(({ address }) => address), (error) => ({ error: error.code })),
};

const [action, ...args] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await actions[action](...args)));
