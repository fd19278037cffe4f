/**
 * Channels over WebSocket messages: the first byte of a message is the channel, the rest its data. Source:
 * k8s.io/apimachinery/pkg/util/remotecommand and k8s.io/apiserver/pkg/util/wsstream.
 */

/** What a protocol can do, by its name. */
export interface ChannelProtocol {
  name: string;
  /** Text messages with the channel as a digit and base64 data. */
  base64: boolean;
  /** The error channel carries a Status, also for success; else only a sentence, for failure. */
  statusOnErrorChannel: boolean;
  /** Message 255 closes one channel: stdin has an end. */
  closeSignal: boolean;
}

const plain = { base64: false, statusOnErrorChannel: false, closeSignal: false };

/** Best first. */
export const protocols: readonly ChannelProtocol[] = [
  { ...plain, name: 'v5.channel.k8s.io', statusOnErrorChannel: true, closeSignal: true },
  { ...plain, name: 'v4.channel.k8s.io', statusOnErrorChannel: true },
  { ...plain, name: 'v4.base64.channel.k8s.io', base64: true, statusOnErrorChannel: true },
  { ...plain, name: 'channel.k8s.io' },
  { ...plain, name: 'base64.channel.k8s.io', base64: true },
];

export const errorChannel = 3;
export const resizeChannel = 4;
const closeChannel = 255;

/** @returns undefined when the client offers none of them; a client that offers nothing at all gets `channel.k8s.io`. */
export function chooseProtocol(offered: readonly string[]): ChannelProtocol | undefined {
  if (offered.length === 0) return protocols.find((protocol) => protocol.name === 'channel.k8s.io');
  return protocols.find((protocol) => offered.includes(protocol.name));
}

export type ChannelMessage = { kind: 'data'; channel: number; data: Buffer } | { kind: 'close'; channel: number };

/** @returns undefined for a message that means nothing. */
export function decodeChannelMessage(protocol: ChannelProtocol, message: Buffer): ChannelMessage | undefined {
  const first = message[0];
  if (first === undefined) return undefined;
  if (protocol.base64) return { kind: 'data', channel: first - 0x30, data: Buffer.from(message.toString('latin1', 1), 'base64') };
  if (protocol.closeSignal && first === closeChannel) return message.length > 1 ? { kind: 'close', channel: message[1]! } : undefined;
  return { kind: 'data', channel: first, data: message.subarray(1) };
}

/** Text for base64 protocols, bytes for the others. */
export function encodeChannelMessage(protocol: ChannelProtocol, channel: number, data: Uint8Array): Buffer | string {
  if (protocol.base64) return `${channel}${Buffer.from(data).toString('base64')}`;
  return Buffer.concat([Buffer.of(channel), data]);
}
