/** Runs nft(8) with one script: one transaction, all or nothing. */
import { spawn } from 'node:child_process';

/** @throws when nft is not there or refuses; the message is its own. */
export function nft(script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(0, 2_000); });
    child.on('error', (error) => reject(new Error("nft cannot be run; 'apt-get install nftables'", { cause: error })));
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`nft ended with ${code}: ${complaint.trim()}`))));
    child.stdin.on('error', () => undefined); // nft ended early: 'close' tells with what.
    child.stdin.end(script);
  });
}

/** nft's names have no dots and slashes. */
export function tableName(prefix: string, cidr: string): string {
  return `${prefix}-${cidr.replace(/[./]/g, '-')}`;
}
