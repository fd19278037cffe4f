// Just enough of the Redis protocol (RESP2) for one counter: commands in order over one connection that is made again
// when it breaks. https://redis.io/docs/latest/develop/reference/protocol-spec/
import { connect } from 'node:net';

const timeoutMs = 3_000;
const waitingLimit = 1_000;

export class RedisClient {
  constructor({ host, port, password }) {
    this.address = { host, port };
    this.password = password;
    this.socket = undefined;
    this.waiting = [];
    this.buffer = '';
  }

  /** @returns the reply: a number or a text. Rejects with the server's error, or when it is not reached in time. */
  command(...words) {
    if (this.waiting.length >= waitingLimit) return Promise.reject(new Error('too many visitors at once'));
    this.open();
    return this.send(words);
  }

  open() {
    if (this.socket) return;
    const socket = connect({ ...this.address, noDelay: true });
    this.socket = socket;
    this.buffer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => this.receive(text));
    socket.on('error', (error) => this.fail(socket, error));
    socket.on('close', () => this.fail(socket, new Error('Redis closed the connection')));
    if (this.password) this.send(['AUTH', this.password]).catch((error) => this.fail(socket, error));
  }

  send(words) {
    return new Promise((resolve, reject) => {
      const socket = this.socket;
      const timer = setTimeout(() => this.fail(socket, new Error('Redis did not answer in time')), timeoutMs);
      this.waiting.push({ resolve, reject, timer });
      socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    });
  }

  receive(text) {
    this.buffer += text;
    for (;;) {
      const end = this.buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.buffer.slice(0, end);
      this.buffer = this.buffer.slice(end + 2);
      const { resolve, reject, timer } = this.waiting.shift();
      clearTimeout(timer);
      if (line.startsWith('-')) reject(new Error(line.slice(1)));
      else resolve(line.startsWith(':') ? Number(line.slice(1)) : line.slice(1));
    }
  }

  fail(socket, error) {
    if (this.socket !== socket) return;
    this.socket = undefined;
    socket.destroy();
    for (const { reject, timer } of this.waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}
