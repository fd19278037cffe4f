// Runs in test pods and on the machine: one network action, its result as JSON on stdout.
//   http URL [times]        a new connection for each request
//   udp HOST PORT [times]   a new socket for each datagram
//   dns TYPE NAME           the resolver of the pod, without its search path
//   lookup NAME             getaddrinfo(3), with the search path
import { createSocket } from 'node:dgram';
import { lookup, Resolver } from 'node:dns/promises';
import { get } from 'node:http';

const timeoutMs = 3_000;

function http(url) {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout: timeoutMs }, (response) => {
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

async function times(count, action) {
  const results = [];
  for (let index = 0; index < Number(count); index++) results.push(await action());
  return results;
}

const actions = {
  http: (url, count = 1) => times(count, () => http(url)),
  udp: (host, port, count = 1) => times(count, () => udp(host, port)),
  dns: (type, name) => new Resolver({ timeout: timeoutMs, tries: 1 }).resolve(name, type).catch((error) => ({ error: error.code })),
  lookup: (name) => lookup(name, { all: true, family: 4 }).then((found) => found.map(({ address }) => address), (error) => ({ error: error.code })),
};

const [action, ...args] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await actions[action](...args)));
