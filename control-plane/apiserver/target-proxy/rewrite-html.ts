/**
 * Links in HTML of proxied targets that name paths of the target: they get the path under which the target is seen. As
 * k8s.io/apimachinery/pkg/util/proxy does it, but while the page flows.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { rewriteUrl, type Rewriting } from './proxy-headers.ts';

/** Attributes with URLs, by element. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'], applet: ['codebase'], area: ['href'], audio: ['src'], base: ['href'], blockquote: ['cite'], body: ['background'], button: ['formaction'],
  command: ['icon'], del: ['cite'], embed: ['src'], form: ['action'], frame: ['longdesc', 'src'], head: ['profile'], html: ['manifest'],
  iframe: ['longdesc', 'src'], img: ['longdesc', 'src', 'usemap'], input: ['src', 'usemap', 'formaction'], ins: ['cite'], link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'], q: ['cite'], script: ['src'], source: ['src'], video: ['poster', 'src'],
};

/** Elements whose content is text, whatever it looks like. */
const textElements = ['script', 'style', 'textarea', 'title'];
/** A tag that does not end within this is no tag worth looking at. */
const maxTagBytes = 64 * 1024;

/** @returns what the body is to be piped through; undefined where it stays as it is: no HTML, or compressed in a way unknown here. */
export function createHtmlRewriter(headers: IncomingHttpHeaders, rewriting: Rewriting): Transform[] | undefined {
  if (headers['content-type']?.split(';', 1)[0]?.trim() !== 'text/html') return undefined;
  const rewriter = new HtmlRewriter(rewriting);
  switch (headers['content-encoding'] ?? '') {
    case '': return [rewriter];
    case 'gzip': return [createGunzip(), rewriter];
    case 'deflate': return [createInflate(), rewriter];
    default: return undefined;
  }
}

/** Bytes are taken as Latin-1, so that text in any encoding comes out as it went in: tags and paths are ASCII. */
class HtmlRewriter extends Transform {
  private readonly rewriting: Rewriting;
  private held = '';
  /** The text element or comment we are in ends with this. */
  private until: RegExp | undefined;

  constructor(rewriting: Rewriting) {
    super();
    this.rewriting = rewriting;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.held += chunk.toString('latin1');
    this.push(Buffer.from(this.rewriteHeld(), 'latin1'));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.push(Buffer.from(this.held, 'latin1'));
    done();
  }

  /** What is complete, rewritten. The rest is held. */
  private rewriteHeld(): string {
    let output = '';
    for (;;) {
      const step = this.until ? this.skip(this.until) : this.nextTag();
      if (step === undefined) return output;
      output += step;
    }
  }

  private skip(until: RegExp): string | undefined {
    const end = until.exec(this.held);
    if (!end) {
      // All but what may be the begin of the end.
      const keep = Math.min(this.held.length, 16);
      return this.held.length > keep ? this.cut(this.held.length - keep) : undefined;
    }
    this.until = undefined;
    return this.cut(end.index + end[0].length);
  }

  private nextTag(): string | undefined {
    const begin = this.held.indexOf('<');
    if (begin < 0) return this.held === '' ? undefined : this.cut(this.held.length);
    if (begin > 0) return this.cut(begin);
    if (this.held.startsWith('<!--')) {
      this.until = /-->/;
      return this.cut(4);
    }
    if (this.held.length < 4 && '<!--'.startsWith(this.held)) return undefined;
    if (!/^<[a-z]/i.test(this.held)) return this.cut(1);
    const end = tagEnd(this.held);
    if (end < 0) return this.held.length > maxTagBytes ? this.cut(1) : undefined;
    return this.rewriteTag(this.cut(end));
  }

  private cut(length: number): string {
    const piece = this.held.slice(0, length);
    this.held = this.held.slice(length);
    return piece;
  }

  private rewriteTag(tag: string): string {
    const name = /^<([a-z][^\s/>]*)/i.exec(tag)?.[1]?.toLowerCase() ?? '';
    if (textElements.includes(name)) this.until = new RegExp(`</${name}`, 'i');
    const attributes = Object.hasOwn(linkAttributes, name) ? linkAttributes[name]! : [];
    if (attributes.length === 0) return tag;
    return tag.replace(/(\s([^\s"'>/=]+)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/g, (whole, before: string, attribute: string, value: string) => {
      if (!attributes.includes(attribute.toLowerCase())) return whole;
      const quote = value.startsWith('"') || value.startsWith('\'') ? value[0]! : '';
      const url = quote === '' ? value : value.slice(1, -1);
      return `${before}${quote}${rewriteUrl(url, this.rewriting)}${quote}`;
    });
  }
}

/** @returns the index after the `>` that ends the tag at the start, quotes respected; -1 when it has not come yet. */
function tagEnd(text: string): number {
  let quote = '';
  for (let index = 1; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') {
      return index + 1;
    } else if ((character === '"' || character === '\'') && /=\s*$/.test(text.slice(Math.max(0, index - 8), index))) {
      quote = character;
    }
  }
  return -1;
}
