/** grpc.health.v1.Health/Check over plain HTTP/2. Messages are those of pkg/probe/grpc. */
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { failure, hostPort, maximumOutputBytes, networkErrorText, success, type ProbeResult } from './probe-result.ts';
import { probeUserAgent } from './http-probe.ts';

/** HealthCheckResponse.ServingStatus */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const serving = 1;
const unimplemented = '12';

export interface GrpcTarget {
  host: string;
  port: number;
  service: string;
  /** For messages: `1s`. */
  timeoutText: string;
}

export async function probeGrpc(target: GrpcTarget, signal: AbortSignal): Promise<ProbeResult> {
  const { connect } = await import('node:http2');
  const address = hostPort(target.host, target.port);
  const session = connect(`http://${address}`);
  const progress = { connected: false };
  session.once('connect', () => { progress.connected = true; });
  try {
    return judge(await check(session, target.service, signal));
  } catch (error) {
    if (signal.aborted && progress.connected) return failure(`timeout: health rpc did not complete within ${target.timeoutText}`);
    if (signal.aborted) return failure(`timeout: failed to connect service ${JSON.stringify(address)} within ${target.timeoutText}: context deadline exceeded`);
    return failure(`error: failed to connect service at ${JSON.stringify(address)}: ${networkErrorText(error, address)}`);
  } finally {
    session.destroy();
  }
}

interface HealthReply {
  grpcStatus: string;
  grpcMessage: string;
  body: Buffer;
}

function check(session: ClientHttp2Session, service: string, signal: AbortSignal): Promise<HealthReply> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('aborted'));
    signal.addEventListener('abort', stop, { once: true });
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', 'te': 'trailers', 'user-agent': probeUserAgent,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status: IncomingHttpHeaders = {};
    const note = (headers: IncomingHttpHeaders) => { status = { ...status, ...headers }; };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maximumOutputBytes) chunks.push(chunk);
    });
    stream.on('end', () => {
      signal.removeEventListener('abort', stop);
      resolve({ grpcStatus: header(status, 'grpc-status'), grpcMessage: header(status, 'grpc-message'), body: Buffer.concat(chunks) });
    });
    stream.end(healthRequest(service));
    if (signal.aborted) stop();
  });
}

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** Length-prefixed message `{ service = 1 }`. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const field = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(field.length, 1);
  return Buffer.concat([prefix, field]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function judge(reply: HealthReply): ProbeResult {
  if (reply.grpcStatus === unimplemented) {
    return failure(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${reply.grpcMessage}`);
  }
  if (reply.grpcStatus !== '0') return failure(`error: health rpc probe failed: rpc error: code = ${reply.grpcStatus || 'Unknown'} desc = ${reply.grpcMessage}`);
  // Field 1, a varint below 128; absent means 0.
  const status = reply.body[5] === 0x08 ? reply.body[6] ?? 0 : 0;
  if (status === serving) return success('service healthy');
  return failure(`service unhealthy (responded with ${JSON.stringify(servingStatuses[status] ?? String(status))})`);
}
