/**
 * Regular expressions of clients (patterns of custom resources, `matches` of CEL), with RE2's syntax and RE2's promise: the
 * time is proportional to the length of the text times the size of the expression, whatever both are. JavaScript's own
 * engine backtracks, so that a hostile pattern could hold the server for hours.
 *
 * The expression becomes a program for a Pike machine, which follows all alternatives at once, the preferred first.
 */
import { parsePattern, PatternError, type Node } from './parse.ts';

type Instruction =
  | { op: 'set'; ranges: readonly number[] }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; what: (Node & { kind: 'assert' })['what'] }
  | { op: 'match' };

/** Instructions of one expression: nested repetitions multiply. */
const maxProgram = 10_000;

interface Thread {
  at: number;
  /** Begin and end of the whole match and of each group, -1 where a group did not take part. */
  slots: readonly number[];
}

export interface RegexMatch {
  /** Offsets in UTF-16 units. */
  begin: number;
  end: number;
  text: string;
  /** Of the groups, the first at 0; undefined where one did not take part. */
  groups: (string | undefined)[];
}

export class RegularExpression {
  readonly source: string;
  /** Instructions: what a character of text costs at most. */
  readonly size: number;
  private readonly program: Instruction[] = [];
  private groups = 0;
  /** A text without classes and operators needs no machine. */
  private readonly literal: string | undefined;

  /** @throws PatternError */
  constructor(source: string) {
    this.source = source;
    this.literal = /^[\w \-/:,=@%#~<>!&;'"]*$/.test(source) ? source : undefined;
    this.emit({ op: 'save', slot: 0 });
    this.compile(parsePattern(source));
    this.emit({ op: 'save', slot: 1 });
    this.emit({ op: 'match' });
    this.size = this.program.length;
  }

  /** Whether the expression matches anywhere in the text. */
  test(text: string): boolean {
    if (this.literal !== undefined) return text.includes(this.literal);
    return this.run(text, 0, false) !== undefined;
  }

  /** The leftmost match that begins at `from` or later. */
  find(text: string, from = 0): RegexMatch | undefined {
    const slots = this.run(text, from, true);
    if (!slots) return undefined;
    const part = (index: number): string | undefined => (slots[index * 2]! < 0 ? undefined : text.slice(slots[index * 2], slots[index * 2 + 1]));
    return { begin: slots[0]!, end: slots[1]!, text: part(0)!, groups: Array.from({ length: this.groups }, (_, index) => part(index + 1)) };
  }

  /** @param limit negative: all. */
  findAll(text: string, limit = -1): RegexMatch[] {
    const matches: RegexMatch[] = [];
    let from = 0;
    let lastEnd = -1;
    while (from <= text.length && matches.length !== limit) {
      const match = this.find(text, from);
      if (!match) break;
      // An empty match right after another one does not count.
      if (match.end > match.begin || match.begin !== lastEnd) matches.push(match);
      lastEnd = match.end;
      from = match.end > match.begin ? match.end : match.end + ((text.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1);
    }
    return matches;
  }

  private emit(instruction: Instruction): number {
    if (this.program.length >= maxProgram) throw new PatternError('expression too large', this.source);
    return this.program.push(instruction) - 1;
  }

  private compile(node: Node): void {
    switch (node.kind) {
      case 'empty': return;
      case 'set': this.emit({ op: 'set', ranges: node.ranges }); return;
      case 'assert': this.emit({ op: 'assert', what: node.what }); return;
      case 'sequence': for (const part of node.parts) this.compile(part); return;
      case 'group':
        this.groups = Math.max(this.groups, node.index);
        this.emit({ op: 'save', slot: node.index * 2 });
        this.compile(node.node);
        this.emit({ op: 'save', slot: node.index * 2 + 1 });
        return;
      case 'choice': this.compileChoice(node.options); return;
      case 'repeat': this.compileRepeat(node); return;
    }
  }

  private compileChoice(options: readonly Node[]): void {
    const ends: { op: 'jump'; to: number }[] = [];
    options.forEach((option, index) => {
      if (index === options.length - 1) {
        this.compile(option);
        return;
      }
      const split = { op: 'split' as const, first: 0, second: 0 };
      split.first = this.emit(split) + 1;
      this.compile(option);
      const jump = { op: 'jump' as const, to: 0 };
      this.emit(jump);
      ends.push(jump);
      split.second = this.program.length;
    });
    for (const jump of ends) jump.to = this.program.length;
  }

  private compileRepeat({ node, minimum, maximum, greedy }: Node & { kind: 'repeat' }): void {
    for (let count = 0; count < minimum; count++) this.compile(node);
    const split = (): { inside: number; set(outside: number): void } => {
      const instruction = { op: 'split' as const, first: 0, second: 0 };
      const inside = this.emit(instruction) + 1;
      if (greedy) instruction.first = inside;
      else instruction.second = inside;
      return { inside, set: (outside) => { if (greedy) instruction.second = outside; else instruction.first = outside; } };
    };
    if (maximum === Infinity) {
      const loop = split();
      this.compile(node);
      this.emit({ op: 'jump', to: loop.inside - 1 });
      loop.set(this.program.length);
      return;
    }
    const ends = [];
    for (let count = minimum; count < maximum; count++) {
      ends.push(split());
      this.compile(node);
    }
    for (const end of ends) end.set(this.program.length);
  }

  /** @param captures false: any match will do, the first that is seen. */
  private run(text: string, from: number, captures: boolean): readonly number[] | undefined {
    const seen = new Int32Array(this.program.length).fill(-1);
    const none = captures ? new Array<number>((this.groups + 1) * 2).fill(-1) : [];
    let current: Thread[] = [];
    let found: readonly number[] | undefined;
    for (let at = from, step = 0; ; step++) {
      if (!found) this.follow(current, seen, step, { at: 0, slots: none }, text, at, captures);
      if (current.length === 0 && found) return found;
      const point = text.codePointAt(at);
      const following: Thread[] = [];
      const next = at + (point !== undefined && point > 0xffff ? 2 : 1);
      for (const thread of current) {
        const instruction = this.program[thread.at]!;
        if (instruction.op === 'match') {
          found = thread.slots;
          if (!captures) return found;
          break;
        }
        if (instruction.op === 'set' && point !== undefined && contains(instruction.ranges, point)) {
          this.follow(following, seen, step + 1, { at: thread.at + 1, slots: thread.slots }, text, next, captures);
        }
      }
      if (point === undefined) return found;
      current = following;
      at = next;
    }
  }

  /** Adds a thread and all that it becomes without taking a character, in order of preference. */
  private follow(threads: Thread[], seen: Int32Array, step: number, begin: Thread, text: string, at: number, captures: boolean): void {
    const pending: Thread[] = [begin];
    for (let thread = pending.pop(); thread; thread = pending.pop()) {
      if (seen[thread.at] === step) continue;
      seen[thread.at] = step;
      const instruction = this.program[thread.at]!;
      switch (instruction.op) {
        case 'jump': pending.push({ at: instruction.to, slots: thread.slots }); break;
        case 'split':
          pending.push({ at: instruction.second, slots: thread.slots }, { at: instruction.first, slots: thread.slots });
          break;
        case 'save':
          pending.push({ at: thread.at + 1, slots: captures ? thread.slots.with(instruction.slot, at) : thread.slots });
          break;
        case 'assert':
          if (holds(instruction.what, text, at)) pending.push({ at: thread.at + 1, slots: thread.slots });
          break;
        default: threads.push(thread);
      }
    }
  }
}

function contains(ranges: readonly number[], point: number): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    if (point < ranges[index]!) return false;
    if (point <= ranges[index + 1]!) return true;
  }
  return false;
}

function holds(what: (Node & { kind: 'assert' })['what'], text: string, at: number): boolean {
  switch (what) {
    case 'begin': return at === 0;
    case 'end': return at === text.length;
    case 'lineBegin': return at === 0 || text[at - 1] === '\n';
    case 'lineEnd': return at === text.length || text[at] === '\n';
    case 'word': return isWord(text[at - 1]) !== isWord(text[at]);
    case 'notWord': return isWord(text[at - 1]) === isWord(text[at]);
  }
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^\w$/.test(character);
}
