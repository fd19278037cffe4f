import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StreamOpenError } from './stream-error.ts';

/**
 * A file, or the list of a directory as Go's file server writes it. Nothing outside the directory is shown, however it is
 * linked.
 * @param path decoded.
 * @throws StreamOpenError 404.
 */
export async function serveFile(directory: string, path: string, response: ServerResponse): Promise<void> {
  const root = await realpath(directory).catch(notFound);
  const target = await realpath(join(root, path.replaceAll('\0', ''))).catch(notFound);
  if (target !== root && !target.startsWith(root + sep)) notFound();
  const entry = await stat(target).catch(notFound);
  if (entry.isDirectory()) {
    await sendDirectory(target, path, response);
    return;
  }
  if (!entry.isFile()) notFound();
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'last-modified': entry.mtime.toUTCString() });
  await pipeline(createReadStream(target), response);
}

function notFound(): never {
  throw new StreamOpenError(404, '404 page not found');
}

/** Links are relative, so they hold behind any proxy once the path ends with a slash. */
async function sendDirectory(target: string, path: string, response: ServerResponse): Promise<void> {
  if (!path.endsWith('/')) {
    response.writeHead(301, { location: `${path.split('/').at(-1) || 'logs'}/` }).end();
    return;
  }
  const names = (await readdir(target, { withFileTypes: true })).map((entry) => `${entry.name}${entry.isDirectory() ? '/' : ''}`).sort();
  const lines = names.map((name) => `<a href="${encodeURI(name).replace(/[?#"]/g, encodeURIComponent)}">${escapeHtml(name)}</a>\n`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<pre>\n${lines.join('')}</pre>\n`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
