/**
 * What an expression may cost at most, before it ever runs: by the sizes that the schema of its values allows. Follows
 * github.com/google/cel-go/checker/cost.go and the cost estimator of k8s.io/apiserver/pkg/cel/library, macros as cel-go expands
 * them, because the estimate decides which CustomResourceDefinitions are accepted.
 */
import { checkCel, type CompileOptions } from './compile.ts';
import { namespaces, unescape, type Node } from './parse.ts';
import { dyn, isDynamic, type CelType } from './types.ts';

/** How large the values of a schema can get. */
export interface SizedType {
  /** Characters of a string, elements of a list, entries of a map; 0 where a value has no size. */
  readonly maxElements: number;
  /** Bytes of the smallest value in JSON. */
  readonly minBytes: number;
  readonly fields?: ReadonlyMap<string, SizedType>;
  /** Of a list, or the values of a map. */
  readonly element?: SizedType;
}

interface Size {
  readonly min: number;
  readonly max: number;
}

interface Entries {
  readonly list: boolean;
  readonly key: Size;
  readonly value: Size;
}

/** Where in the schema a value comes from; without a type when it leads out of the schema. */
interface Place {
  readonly type: SizedType | undefined;
}

interface Estimate {
  readonly cost: number;
  readonly place?: Place | undefined;
  readonly size?: Size | undefined;
  readonly entries?: Entries | undefined;
}

type Local = Omit<Estimate, 'cost'>;

/** The largest number of Go's uint64: a cost that nothing bounds. */
export const unboundedCost = 2 ** 64;
const unknown: Size = { min: 0, max: unboundedCost };
const perCharacter = 0.1;
const perPatternCharacter = 0.25;
const listCost = 10;
const mapCost = 30;

const fixed = (size: number): Size => ({ min: size, max: size });
const capped = (value: number): number => Math.min(value, unboundedCost);
const plus = (a: Size, b: Size): Size => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) });
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : capped(a * b));
const scaled = (size: number, factor: number): number => capped(Math.ceil(size * factor));
const union = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });

/**
 * @param root the type of `self` and `oldSelf`.
 * @returns cost units, at most unboundedCost.
 * @throws CelCompileError
 */
export function estimateCost(source: string, options: CompileOptions, root: SizedType): number {
  const { tree, types } = checkCel(source, options);
  return new CostEstimator(types, root, options.variables).estimate(tree).cost;
}

class CostEstimator {
  private readonly types: ReadonlyMap<Node, CelType>;
  private readonly root: SizedType;
  private readonly variables: Readonly<Record<string, CelType>>;
  private readonly locals = new Map<string, Local>();

  constructor(types: ReadonlyMap<Node, CelType>, root: SizedType, variables: Readonly<Record<string, CelType>>) {
    this.types = types;
    this.root = root;
    this.variables = variables;
  }

  estimate(node: Node): Estimate {
    const args = node.args as Node[];
    switch (node.op) {
      case 'value': return { cost: 0, size: literalSize(node.args) };
      case 'id': return this.identifier(node.args as string, this.typeOf(node));
      case '.': return this.select(node);
      case '.?': return { cost: capped(this.estimate(args[0]!).cost + 1) };
      case '[]': return this.index(args as [Node, Node]);
      case 'list': return this.list(args);
      case 'map': return this.map(node.args as [Node, Node][]);
      case '?:': return this.conditional(args as [Node, Node, Node]);
      case '&&':
      case '||': return { cost: this.sum(args), size: fixed(1) };
      case '!_':
      case '-_': return this.unary(node);
      case 'call': {
        const [name, given] = node.args as [string, Node[]];
        return name === 'has' ? { cost: this.estimate((given[0]!.args as [Node])[0]).cost } : this.call(name, undefined, given, node);
      }
      case 'rcall': return this.method(node);
      default: return this.binary(node);
    }
  }

  private typeOf(node: Node): CelType {
    return this.types.get(node) ?? dyn;
  }

  private sum(nodes: readonly Node[]): number {
    return nodes.reduce((sum, node) => capped(sum + this.estimate(node).cost), 0);
  }

  private identifier(name: string, type: CelType): Estimate {
    const local = this.locals.get(name);
    const place = local ? local.place : { type: this.root };
    return { cost: 1, place, size: sizeAt(place) ?? scalarSize(type) ?? local?.size, entries: local?.entries };
  }

  /** A step from a value that comes from nowhere in the schema leads to its root, as in cel-go. */
  private step(from: Place | undefined, lead: (type: SizedType) => SizedType | undefined): Place {
    return from ? { type: from.type && lead(from.type) } : { type: this.root };
  }

  private select(node: Node): Estimate {
    const [operand, name] = node.args as [Node, string];
    const target = this.estimate(operand);
    const { kind } = this.typeOf(operand);
    const place = this.step(target.place, ({ fields, element }) => fields?.get(unescape(name)) ?? (kind === 'map' ? element : undefined));
    return { cost: capped(target.cost + (kind === 'map' || kind === 'object' ? 1 : 0)), place, size: sizeAt(place) ?? scalarSize(this.typeOf(node)) };
  }

  private index([operand, key]: [Node, Node]): Estimate {
    const target = this.estimate(operand);
    const place = this.step(target.place, ({ element }) => element);
    return { cost: capped(target.cost + this.estimate(key).cost + 1), place, size: target.entries?.value ?? sizeAt(place) };
  }

  private list(nodes: readonly Node[]): Estimate {
    const items = nodes.map((node) => this.sized(node));
    const value = items.length === 0 ? fixed(0) : items.map(({ size }) => size).reduce(union);
    return { cost: items.reduce((sum, { cost }) => capped(sum + cost), listCost), size: fixed(nodes.length), entries: { list: true, key: fixed(1), value } };
  }

  private map(pairs: readonly [Node, Node][]): Estimate {
    const entries = pairs.map(([key, value]) => [this.sized(key), this.sized(value)] as const);
    const sizes = (index: 0 | 1): Size => (entries.length === 0 ? fixed(0) : entries.map((entry) => entry[index].size).reduce(union));
    return {
      cost: entries.reduce((sum, [key, value]) => capped(sum + key.cost + value.cost), mapCost),
      size: fixed(pairs.length), entries: { list: false, key: sizes(0), value: sizes(1) },
    };
  }

  private conditional([condition, then, otherwise]: [Node, Node, Node]): Estimate {
    const [a, b] = [this.sized(then), this.sized(otherwise)];
    return {
      cost: capped(this.estimate(condition).cost + Math.max(a.cost, b.cost)), size: union(a.size, b.size),
      entries: a.entries && b.entries && { list: a.entries.list, key: union(a.entries.key, b.entries.key), value: union(a.entries.value, b.entries.value) },
    };
  }

  private unary(node: Node): Estimate {
    const inner = node.args as Node;
    // A negative number is a literal.
    if (node.op === '-_' && inner.op === 'value') return { cost: 0, size: fixed(1) };
    return { cost: capped(this.estimate(inner).cost + 1), size: scalarSize(this.typeOf(node)) };
  }

  private sized(node: Node): Estimate & { size: Size } {
    const estimate = this.estimate(node);
    return { ...estimate, size: estimate.size ?? unknown };
  }

  private binary(node: Node): Estimate {
    const [left, right] = node.args as [Node, Node];
    const [a, b] = [this.sized(left), this.sized(right)];
    const operands = capped(a.cost + b.cost);
    const [leftType, rightType] = [this.typeOf(left), this.typeOf(right)];
    const is = (...kinds: CelType['kind'][]): boolean => [leftType, rightType].some((type) => kinds.includes(type.kind) || isDynamic(type));
    switch (node.op) {
      case '==':
      case '!=': return { cost: capped(operands + scaled(Math.min(a.size.max, b.size.max), perCharacter)), size: fixed(1) };
      case '<':
      case '<=':
      case '>':
      case '>=': return { cost: capped(operands + (is('string', 'bytes') ? Math.max(1, scaled(Math.min(a.size.max, b.size.max), perCharacter)) : 1)), size: fixed(1) };
      case 'in': return { cost: capped(operands + (rightType.kind === 'list' || isDynamic(rightType) ? Math.max(b.size.max, isDynamic(rightType) ? 1 : 0) : 1)), size: fixed(1) };
      default: break;
    }
    if (node.op !== '+' || !is('string', 'bytes', 'list')) return { cost: capped(operands + 1), size: scalarSize(this.typeOf(node)) };
    const size = plus(a.size, b.size);
    const entries = a.entries && b.entries && { list: true, key: union(a.entries.key, b.entries.key), value: union(a.entries.value, b.entries.value) };
    return { cost: capped(operands + (leftType.kind === 'list' && rightType.kind === 'list' ? 1 : scaled(size.max, perCharacter))), size, entries };
  }

  private method(node: Node): Estimate {
    const [name, receiver, given] = node.args as [string, Node, Node[]];
    const spelled = receiver.op === 'id' ? receiver.args as string : '';
    if (spelled !== '' && namespaces.has(spelled) && !this.locals.has(spelled) && !Object.hasOwn(this.variables, spelled)) {
      return spelled === 'cel' && name === 'bind' ? this.bind(given as [Node, Node, Node]) : this.call(`${spelled}.${name}`, undefined, given, node);
    }
    if ((name === 'optMap' || name === 'optFlatMap') && given.length === 2) return this.optionalMap(receiver, given as [Node, Node]);
    return this.macro(name, receiver, given) ?? this.call(name, receiver, given, node);
  }

  private within<T>(locals: readonly (readonly [Node, Local])[], run: () => T): T {
    const before = locals.map(([{ args }]) => [args as string, this.locals.get(args as string)] as const);
    for (const [{ args }, local] of locals) this.locals.set(args as string, local);
    try {
      return run();
    } finally {
      for (const [name, local] of before) {
        if (local) this.locals.set(name, local);
        else this.locals.delete(name);
      }
    }
  }

  private bind([name, init, body]: [Node, Node, Node]): Estimate {
    const { cost, ...local } = this.estimate(init);
    const result = this.within([[name, local]], () => this.estimate(body));
    return { ...result, place: undefined, cost: capped(listCost + cost + result.cost) };
  }

  /** `x.hasValue() ? optional.of(cel.bind(v, x.value(), body)) : optional.none()` */
  private optionalMap(receiver: Node, [name, body]: [Node, Node]): Estimate {
    const target = this.estimate(receiver).cost;
    const result = this.within([[name, {}]], () => this.estimate(body));
    return { cost: capped(target + 1 + 1 + listCost + target + 1 + result.cost) };
  }

  /** What each round costs beside the parts that are written: loop condition and accumulation of the expanded macro. */
  private macro(name: string, receiver: Node, given: readonly Node[]): Estimate | undefined {
    const shape = ({
      all: { round: 3, end: 1 }, exists: { round: 4, end: 1 }, exists_one: { round: 2, end: 2 }, existsOne: { round: 2, end: 2 },
      filter: { round: 13, end: 1 }, map: { round: 12, end: 1 }, transformList: { round: 12, end: 1 }, transformMap: { round: 3, end: 1 },
    } as Readonly<Record<string, { round: number; end: number }>>)[name];
    if (!shape || given.length < 2) return undefined;
    const two = name.startsWith('transform') || (given.length === 3 && name !== 'map');
    const variables = given.slice(0, two ? 2 : 1);
    const range = this.sized(receiver);
    const bodies = this.within(variables.map((variable, index) => [variable, this.variable(receiver, range, two ? index : undefined)]), () => given.slice(variables.length).map((body) => this.estimate(body)));
    const begin = name === 'transformMap' ? mapCost : ['filter', 'map', 'transformList'].includes(name) ? listCost : 0;
    const round = bodies.reduce((sum, { cost }) => capped(sum + cost), shape.round);
    const cost = capped(range.cost + begin + times(range.size.max, round) + shape.end);
    if (begin === 0) return { cost, size: fixed(1) };
    const value = name === 'filter' ? range.entries?.value : bodies.at(-1)!.size;
    return { cost, size: range.size, ...(value ? { entries: { list: name !== 'transformMap', key: fixed(1), value } } : {}) };
  }

  /** @param position of two variables: 0 the key or index, 1 the value. */
  private variable(receiver: Node, { place, entries }: Estimate, position: number | undefined): Local {
    const isList = entries ? entries.list : this.typeOf(receiver).kind === 'list';
    const value = position === undefined ? isList : position === 1;
    // Keys of maps have no bound of their own, and count as nothing.
    return { place: this.step(place, ({ element }) => (value ? element : isList ? undefined : { maxElements: 0, minBytes: 2 })), size: value ? entries?.value : entries?.key };
  }

  private call(name: string, receiver: Node | undefined, given: readonly Node[], node: Node): Estimate {
    const target = receiver && this.sized(receiver);
    const args = given.map((one) => this.sized(one));
    const operands = args.reduce((sum, { cost }) => capped(sum + cost), target?.cost ?? 0);
    if (name === 'dyn') return { ...args[0]!, cost: capped(1 + operands) };
    const element = receiver && this.elementSize(receiver, target!);
    const { cost, size } = callCost(name, { target: target?.size, args: args.map((arg) => arg.size), element, type: receiver && this.typeOf(receiver) });
    return { cost: capped(operands + cost), size: size ?? scalarSize(this.typeOf(node)) };
  }

  /** Of strings in a list. */
  private elementSize(receiver: Node, { place, entries }: Estimate): Size | undefined {
    const type = this.typeOf(receiver);
    if (type.kind !== 'list' || (type.element.kind !== 'string' && type.element.kind !== 'bytes')) return undefined;
    return (place && sizeAt(this.step(place, ({ element }) => element))) ?? entries?.value ?? unknown;
  }
}

interface Call {
  target: Size | undefined;
  args: readonly Size[];
  /** Of the strings in the target. */
  element: Size | undefined;
  type: CelType | undefined;
}

function callCost(name: string, { target, args, element, type }: Call): { cost: number; size?: Size } {
  const [first = unknown, second = unknown] = args;
  switch (name) {
    case 'check': return { cost: 350_000 };
    case 'startsWith':
    case 'endsWith': return { cost: scaled(first.max, perCharacter) };
    case 'contains': if (target) return { cost: times(scaled(target.max, perCharacter), scaled(first.max, perCharacter)) }; break;
    case 'matches': return patternCost(target ?? first, target ? first : second);
    case 'find':
    case 'findAll': return { ...patternCost(target ?? first, first), size: { min: 0, max: target?.max ?? unknown.max } };
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      if (!target) break;
      return { cost: type?.kind === 'list' ? times(target.max, 1 + (element ? scaled(element.max, perCharacter) : 0)) : scaled(target.max, perCharacter) };
    case 'url': return { cost: scaled(first.max, perCharacter) };
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim': if (target) return { cost: scaled(target.max, perCharacter), size: target }; break;
    case 'replace': if (target) return { cost: scaled(target.max, 2 * perCharacter), size: replacedSize(target, first, second) }; break;
    case 'split': if (target) return { cost: scaled(target.max, 2 * perCharacter), size: { min: 0, max: target.max } }; break;
    case 'join': if (target) return joinCost(target, element, args); break;
    case 'format': if (target) return { cost: scaled(target.max, perCharacter) }; break;
    case 'bytes': return { cost: scaled(first.max, perCharacter), size: { min: first.min, max: capped(first.max * 4) } };
    case 'strings.quote': return { cost: scaled(first.max, perCharacter), size: { min: first.min + 2, max: capped(first.max * 2 + 2) } };
    case 'containsIP': return { cost: 4 };
    case 'containsCIDR': return { cost: 7 };
    // A format is a pattern of 128 characters.
    case 'validate': return { cost: scaled(scaled(first.max, perCharacter), 128 * perPatternCharacter) };
    case 'sets.contains':
    case 'sets.intersects': return { cost: capped(1 + times(first.max, second.max)) };
    case 'sets.equivalent': return { cost: capped(1 + 2 * times(first.max, second.max)) };
    default: break;
  }
  return { cost: 1 };
}

/** One more than the text is long: an empty one has a cost too. */
function patternCost(text: Size, pattern: Size): { cost: number } {
  return { cost: times(scaled(capped(text.max + 1), perCharacter), scaled(pattern.max, perPatternCharacter)) };
}

function joinCost(list: Size, element: Size | undefined, [separator]: readonly Size[]): { cost: number; size: Size } {
  const texts: Size = element ? { min: times(list.min, element.min), max: times(list.max, element.max) } : fixed(0);
  const between = separator ? { min: times(separator.min, Math.max(list.min - 1, 0)), max: times(separator.max, Math.max(list.max - 1, 0)) } : fixed(0);
  const size = plus(texts, between);
  return { cost: scaled(size.max, perCharacter), size };
}

function replacedSize(text: Size, from: Size, to: Size): Size {
  const largest = from.min === 0 ? capped(times(capped(text.max + 1), to.max) + text.max)
    : to.max <= from.min ? text.max : times(Math.ceil(text.max / from.min), to.max);
  const smallest = from.max === 0 ? capped(times(text.min + 1, to.min) + text.min)
    : from.max <= to.min ? text.min : times(Math.ceil(text.min / from.max), to.min);
  return { min: smallest, max: largest };
}

function literalSize(value: unknown): Size {
  if (typeof value === 'string') return fixed(Array.from(value).length);
  if (value instanceof Uint8Array) return fixed(value.length);
  return fixed(1);
}

function sizeAt(place: Place | undefined): Size | undefined {
  return place?.type && { min: 0, max: place.type.maxElements };
}

function scalarSize(type: CelType): Size | undefined {
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind) ? fixed(1) : undefined;
}
