/**
 * Forwarded ports on a WebSocket, one connection to each port that the request names: channel 2n carries the data of the nth
 * port, 2n + 1 its error. The first message of every channel is the port, as uint16 little-endian. Source:
 * k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go.
 */
import type { RawData, WebSocket } from 'ws';
import { newBadRequest } from '../../../api/errors.ts';
import { connectionChannels, StreamDuplex } from '../../../machinery/stream-duplex.ts';
import { allValues, type RawQuery } from '../query-options.ts';
import { decodeChannelMessage, encodeChannelMessage, protocols, type ChannelProtocol } from './channel-protocol.ts';
import type { PortForwardOptions } from './spdy-port-forward.ts';
import { sendMessage, startPings } from './web-socket.ts';

/** As many as fit the channel byte. */
const maxPorts = 64;

const forwardProtocols = protocols.filter(({ name }) => name === 'v4.channel.k8s.io' || name === 'v4.base64.channel.k8s.io');

/** @returns the first that the client offers; one without a name for a client that offers nothing; undefined when none fits. */
export function chooseForwardProtocol(offered: readonly string[]): ChannelProtocol | undefined {
  if (offered.length === 0) return { ...forwardProtocols[0]!, name: '' };
  return offered.map((name) => forwardProtocols.find((protocol) => protocol.name === name)).find((protocol) => protocol !== undefined);
}

/** @throws StatusError BadRequest. */
export function parsePorts(query: RawQuery): number[] {
  const texts = allValues(query, 'ports').flatMap((value) => value.split(',')).filter((text) => text !== '');
  if (texts.length === 0) throw newBadRequest('query parameter "port" is required');
  if (texts.length > maxPorts) throw newBadRequest(`at most ${maxPorts} ports can be forwarded on one connection`);
  return texts.map((text) => {
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > 65_535) throw newBadRequest(`unable to parse ${JSON.stringify(text)} as a port`);
    if (port < 1) throw newBadRequest(`port ${JSON.stringify(text)} must be > 0`);
    return port;
  });
}

/** Resolves when the socket is closed. */
export async function runWebSocketPortForward(socket: WebSocket, protocol: ChannelProtocol, ports: readonly number[], options: PortForwardOptions): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const stopPings = startPings(socket, options.clock);
  socket.pause();
  const connections = new Map<number, StreamDuplex>();
  receive(socket, protocol, connections);
  const send = (channel: number, data: Uint8Array): Promise<void> => sendMessage(socket, encodeChannelMessage(protocol, channel, data));
  const forwards = ports.map((port, index) => forward(port, index * 2, { send, connections, openPort: options.openPort }));
  await Promise.all(forwards.map(({ opened }) => opened));
  socket.resume();
  await Promise.race([closed, Promise.all(forwards.map(({ done }) => done))]);
  for (const connection of connections.values()) connection.destroy();
  socket.close(1000);
  await closed;
  stopPings();
}

interface Forwarding {
  send: (channel: number, data: Uint8Array) => Promise<void>;
  /** By their data channel. */
  connections: Map<number, StreamDuplex>;
  openPort: PortForwardOptions['openPort'];
}

function forward(port: number, channel: number, { send, connections, openPort }: Forwarding): { opened: Promise<void>; done: Promise<void> } {
  const connect = async (): Promise<StreamDuplex | undefined> => {
    await send(channel, portBytes(port));
    await send(channel + 1, portBytes(port));
    try {
      const connection = new StreamDuplex(await openPort(port), connectionChannels.client);
      connection.on('error', () => {});
      connections.set(channel, connection);
      return connection;
    } catch (error) {
      await send(channel + 1, Buffer.from((error as Error).message));
      return undefined;
    }
  };
  const opening = connect();
  return { opened: opening.then(() => {}), done: opening.then((connection) => connection && copyOut(connection, (data) => send(channel, data))) };
}

async function copyOut(connection: StreamDuplex, send: (data: Uint8Array) => Promise<void>): Promise<void> {
  try {
    for await (const data of connection as AsyncIterable<Buffer>) await send(data);
  } catch {
    // It broke: the client sees the end.
  }
  connection.destroy();
}

function receive(socket: WebSocket, protocol: ChannelProtocol, connections: ReadonlyMap<number, StreamDuplex>): void {
  let waiting = 0;
  socket.on('message', (raw: RawData) => {
    const message = decodeChannelMessage(protocol, raw as Buffer);
    const connection = message && connections.get(message.channel);
    if (message?.kind !== 'data' || !connection || connection.destroyed) return;
    waiting += 1;
    socket.pause();
    connection.write(message.data, () => {
      waiting -= 1;
      if (waiting === 0) socket.resume();
    });
  });
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  return bytes;
}
