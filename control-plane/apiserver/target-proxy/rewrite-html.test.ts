import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHtmlRewriter } from './rewrite-html.ts';

const rewriting = { prefix: '/p', targetHost: 't', requestHost: 'r' };

async function rewrite(pieces: readonly Buffer[], headers: object = {}): Promise<string> {
  const through = createHtmlRewriter({ 'content-type': 'text/html; charset=utf-8', ...headers }, rewriting)!;
  const last = through.at(-1)!;
  pipeline([Readable.from(pieces), ...through], () => {});
  const output: Buffer[] = [];
  for await (const data of last as AsyncIterable<Buffer>) output.push(data);
  return Buffer.concat(output).toString();
}

function cut(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

describe('HTML of a proxied page', () => {
  it.each([
    ['<a href="/x">é</a>', '<a href="/p/x">é</a>'],
    ['<a class=b href=/x>y</a>', '<a class=b href=/p/x>y</a>'],
    ['<IMG SRC=\'/i.png\' alt="/alt">', '<IMG SRC=\'/p/i.png\' alt="/alt">'],
    ['<form action="/go" title="a > b"><p href="/no">', '<form action="/p/go" title="a > b"><p href="/no">'],
    ['<a href="x">, <a href="http://else/x">, 1 < 2 <a>', '<a href="x">, <a href="http://else/x">, 1 < 2 <a>'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/p/y">'],
    ['<script src="/s.js">var a = \'<a href="/x">\';</script><a href="/y">', '<script src="/p/s.js">var a = \'<a href="/x">\';</script><a href="/p/y">'],
    ['<a href="/x', '<a href="/x'],
  ])('%s', async (page, expected) => {
    expect(await rewrite([Buffer.from(page)])).toBe(expected);
    for (const size of [1, 3, 7]) expect(await rewrite(cut(page, size))).toBe(expected);
  });

  it('keeps what has no links as it is, however it is cut', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
      fc.pre(!/=|href|src/i.test(text));
      expect(await rewrite(cut(text, size))).toBe(Buffer.from(text).toString());
    }), { numRuns: 100 });
  });

  it('is unpacked where it is packed', async () => {
    expect(await rewrite([gzipSync('<a href="/x">')], { 'content-encoding': 'gzip' })).toBe('<a href="/p/x">');
  });

  it('is left alone where it is none, or packed in an unknown way', () => {
    expect(createHtmlRewriter({ 'content-type': 'application/json' }, rewriting)).toBeUndefined();
    expect(createHtmlRewriter({ 'content-type': 'text/html', 'content-encoding': 'br' }, rewriting)).toBeUndefined();
  });
});
