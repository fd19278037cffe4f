/**
 * Compiles CEL: the parser is @marcbachmann/cel-js's, types and evaluation are ours, because every step must be counted (no
 * expression may hold the server) and numbers, absent fields and errors must behave as cel-go's do.
 *
 * One walk over the tree finds the type of every node and makes a closure for it. Where a type is dyn, the overload is chosen
 * by the values at run time.
 */
import { literal, present, withLocals, type Compiled, type Scope } from './compiled.ts';
import { formatOverloads } from './format-library.ts';
import { checkInt, overloadsOf } from './functions.ts';
import { accepts, applyBinary, binaryType, find, iterate, joined, lookUp, noOverload, selectOptional } from './operators.ts';
import { ObjectValue } from './object-literals.ts';
import { literalType } from './object-types.ts';
import { namespaces, parse, qualifiedName, unescape, type Node, type Parsed } from './parse.ts';
import { PatternError } from '../regular-expression/parse.ts';
import { RegularExpression } from '../regular-expression/regular-expression.ts';
import { CelCompileError, CelEvaluationError, perCallCostLimit, type CelBudget, type CelProgram } from './program.ts';
import { bool, dyn, formatType, int, isAssignable, isDynamic, listOf, mapOf, optionalOf, string, typeType, type CelType } from './types.ts';
import { adapt, CelMap, List, NativeMap, none, Optional, toNative, typeNameOf, TypeValue } from './values.ts';

export interface CompileOptions {
  variables: Readonly<Record<string, CelType>>;
  /** What the expression must give. Default: anything. */
  result?: readonly CelType[];
  /** Whether it may make objects: `Object{...}`, `JSONPatch{...}`. */
  objects?: boolean;
}

/** @throws CelCompileError */
export function compileCel(source: string, options: CompileOptions): CelProgram {
  const compiler = new Compiler(source, options.variables, options.objects);
  const compiled = compiler.root(parse(source));
  const { result } = options;
  if (result && !result.some((type) => isAssignable(type, compiled.type))) {
    const wanted = result.length === 1 ? formatType(result[0]!) : `one of [${result.map(formatType).join(' ')}]`;
    throw new CelCompileError(`must evaluate to ${wanted} but got ${formatType(compiled.type)}`);
  }
  // The compiler itself, with what it knows of every node, is not kept.
  const { used } = compiler;
  return {
    source, resultType: compiled.type,
    uses: (variable) => used.has(variable),
    evaluate: (variables, budget) => evaluate(compiled, variables, budget),
  };
}

/** The tree of an expression and the type of each of its nodes. @throws CelCompileError */
export function checkCel(source: string, { variables }: CompileOptions): { tree: Node; types: ReadonlyMap<Node, CelType> } {
  const parsed = parse(source);
  const compiler = new Compiler(source, variables);
  compiler.root(parsed);
  return { tree: parsed.tree, types: compiler.types };
}

function evaluate(compiled: Compiled, variables: Readonly<Record<string, unknown>>, budget: CelBudget | undefined): unknown {
  let spent = 0;
  const charge = (cost: number): void => {
    spent += cost;
    if (spent > perCallCostLimit) throw new CelEvaluationError('operation cancelled: actual cost limit exceeded', { costExceeded: true });
    if (budget && spent > budget.remaining) throw new CelEvaluationError('validation failed due to running out of cost budget, no further validation rules will be run', { costExceeded: true });
  };
  try {
    return toNative(compiled.run({ locals: new Map(), variables, charge }));
  } finally {
    if (budget) budget.remaining -= spent;
  }
}

const typeNames = new Map<string, string>([
  'int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type', 'google.protobuf.Timestamp', 'google.protobuf.Duration',
].map((name) => [name, name]));

class Compiler {
  readonly used = new Set<string>();
  readonly types = new Map<Node, CelType>();
  private readonly source: string;
  private readonly variables: Readonly<Record<string, CelType>>;
  private readonly locals = new Map<string, CelType>();
  private readonly makesObjects: boolean;
  private optionals: number[] = [];
  private literals: ReadonlyMap<number, string> = new Map();

  constructor(source: string, variables: Readonly<Record<string, CelType>>, makesObjects = false) {
    this.source = source;
    this.variables = variables;
    this.makesObjects = makesObjects;
  }

  root({ tree, optionals, literals }: Parsed): Compiled {
    this.optionals = [...optionals];
    this.literals = literals;
    const compiled = this.node(tree);
    if (this.optionals.length > 0) this.fail(this.optionals[0]!, "Syntax error: extraneous input '?'");
    return compiled;
  }

  /** The tree is walked in the order of the source, so the next mark before an element is its own. */
  private isOptional({ pos }: Node): boolean {
    if (this.optionals.length === 0 || this.optionals[0]! > pos) return false;
    this.optionals.shift();
    return true;
  }

  private optionalElement(node: Node): Compiled {
    const element = this.node(node);
    if (element.type.kind === 'optional') return { ...element, type: element.type.value };
    if (!isDynamic(element.type)) this.fail(node.pos, `expected type 'optional_type(${formatType(element.type)})' but found '${formatType(element.type)}'`);
    return element;
  }

  private fail(at: number, message: string): never {
    const before = this.source.slice(0, at);
    const line = before.split('\n').length;
    const column = at - (before.lastIndexOf('\n') + 1);
    throw new CelCompileError(`ERROR: <input>:${line}:${column + 1}: ${message}\n | ${this.source.split('\n')[line - 1]}\n | ${'.'.repeat(column)}^`);
  }

  private node(node: Node): Compiled {
    const compiled = this.kindOf(node);
    this.types.set(node, compiled.type);
    return compiled;
  }

  private kindOf(node: Node): Compiled {
    const args = node.args as Node[];
    switch (node.op) {
      case 'value': return literal(node.args);
      case 'id': return this.identifier(node.args as string, node.pos);
      case '.':
      case '.?': return this.select(node);
      case '[]':
      case '[?]': return this.index(node);
      case 'list': return this.list(args);
      case 'map': {
        const name = this.literals.get(node.pos);
        const pairs = node.args as [Node, Node][];
        return name === undefined ? this.map(pairs) : this.object(name, pairs, node.pos);
      }
      case '?:': return this.conditional(node);
      case '&&':
      case '||': return this.logical(node);
      case '!_': return this.not(node);
      case '-_': return this.negate(node);
      case 'call': {
        const [name, given] = node.args as [string, Node[]];
        return this.call(name, given, node.pos);
      }
      case 'rcall': {
        const [name, receiver, given] = node.args as [string, Node, Node[]];
        return this.method(name, receiver, given, node);
      }
      default: return this.binary(node);
    }
  }

  private identifier(name: string, at: number): Compiled {
    const local = this.locals.get(name);
    if (local) return { type: local, run: ({ locals, charge }) => { charge(1); return locals.get(name); } };
    const type = Object.hasOwn(this.variables, name) ? this.variables[name] : undefined;
    if (type) {
      this.used.add(name);
      return {
        type,
        run: ({ variables, charge }) => {
          charge(1);
          const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
          if (value === undefined) throw new CelEvaluationError(`no such attribute(s): ${name}`);
          return adapt(typeof value === 'function' ? (value as () => unknown)() : value, type);
        },
      };
    }
    if (typeNames.has(name)) return { type: typeType, run: () => new TypeValue(name) };
    return this.fail(at, `undeclared reference to '${name}' (in container '')`);
  }

  private select(node: Node): Compiled {
    const [operand, name] = node.args as [Node, string];
    const qualified = qualifiedName(node);
    if (qualified && typeNames.has(qualified)) return { type: typeType, run: () => new TypeValue(qualified) };
    const target = this.node(operand);
    const field = unescape(name);
    const inside = target.type.kind === 'optional' ? target.type.value : target.type;
    const type = this.fieldType(inside, field, node.pos - 1);
    const optional = node.op === '.?' || target.type.kind === 'optional';
    if (optional) return { type: type.kind === 'optional' ? type : optionalOf(type), run: (scope) => { scope.charge(1); return selectOptional(target.run(scope), field); } };
    return {
      type,
      run: (scope) => {
        const value = target.run(scope);
        scope.charge(1);
        if (value instanceof Optional) return selectOptional(value, field);
        if (!(value instanceof CelMap)) throw new CelEvaluationError(`unsupported type for field selection: ${typeNameOf(value)}`);
        const found = value.get(field);
        if (found === undefined) throw new CelEvaluationError(`no such key: ${field}`);
        return found;
      },
    };
  }

  private fieldType(type: CelType, name: string, at: number): CelType {
    if (type.kind === 'object') return type.fields.get(name) ?? (type.open ? dyn : this.fail(at, `undefined field '${name}'`));
    if (type.kind === 'map') return type.value;
    if (isDynamic(type)) return dyn;
    return this.fail(at, `type '${formatType(type)}' does not support field selection`);
  }

  private index(node: Node): Compiled {
    const [operand, key] = node.args as [Node, Node];
    const target = this.node(operand);
    const at = this.node(key);
    const inside = target.type.kind === 'optional' ? target.type.value : target.type;
    let type: CelType = dyn;
    if (inside.kind === 'list' && isAssignable(int, at.type)) type = inside.element;
    else if (inside.kind === 'map' && isAssignable(inside.key, at.type)) type = inside.value;
    else if (!isDynamic(inside) && !isDynamic(at.type)) this.fail(node.pos, `found no matching overload for '_[_]' applied to '(${formatType(target.type)}, ${formatType(at.type)})'`);
    const optional = node.op === '[?]' || target.type.kind === 'optional';
    return {
      type: optional ? optionalOf(type) : type,
      run: (scope) => {
        const value = target.run(scope);
        const wanted = at.run(scope);
        scope.charge(1);
        if (!optional) return lookUp(value, wanted);
        const inner = value instanceof Optional ? value.value : value;
        if (value instanceof Optional && !value.present) return none;
        const found = find(inner, wanted);
        return found === undefined ? none : new Optional(true, found);
      },
    };
  }

  private list(nodes: readonly Node[]): Compiled {
    const optional = new Set<number>();
    const items = nodes.map((node, index) => {
      if (!this.isOptional(node)) return this.node(node);
      optional.add(index);
      return this.optionalElement(node);
    });
    return {
      type: listOf(joined(items.map(({ type }) => type))),
      run: (scope) => {
        scope.charge(10);
        const values = items.map((item) => item.run(scope));
        return new List(optional.size === 0 ? values : values.flatMap((value, index) => (optional.has(index) ? present(value) : [value])));
      },
    };
  }

  private map(pairs: readonly [Node, Node][]): Compiled {
    const optional = new Set<Compiled>();
    const entries = pairs.map(([key, value]) => {
      const maybe = this.isOptional(key);
      const entry = [this.node(key), maybe ? this.optionalElement(value) : this.node(value)] as const;
      if (maybe) optional.add(entry[1]);
      return entry;
    });
    return {
      type: mapOf(joined(entries.map(([key]) => key.type)), joined(entries.map(([, value]) => value.type))),
      run: (scope) => {
        scope.charge(30);
        return new NativeMap(entries.flatMap(([key, value]) => {
          const values = optional.has(value) ? present(value.run(scope)) : [value.run(scope)];
          return values.map((one) => [key.run(scope), one] as const);
        }));
      },
    };
  }

  private object(name: string, pairs: readonly [Node, Node][], at: number): Compiled {
    const type = this.makesObjects ? literalType(name) : undefined;
    if (type?.kind !== 'object') return this.fail(at - name.length, `undeclared reference to '${name}' (in container '')`);
    const fields = pairs.map(([key, value]) => {
      const maybe = this.isOptional(key);
      const field = key.op === 'id' ? unescape(key.args as string) : this.fail(key.pos, 'Syntax error: mismatched input, expecting IDENTIFIER');
      const wanted = this.fieldType(type, field, key.pos);
      const given = maybe ? this.optionalElement(value) : this.node(value);
      if (!isAssignable(wanted, given.type)) this.fail(key.pos, `expected type of field '${field}' is '${formatType(wanted)}' but provided type is '${formatType(given.type)}'`);
      return { field, maybe, given };
    });
    return {
      type,
      run: (scope) => {
        scope.charge(40);
        return new ObjectValue(name, fields.flatMap(({ field, maybe, given }) => {
          const value = given.run(scope);
          return (maybe ? present(value) : [value]).map((one) => [field, one] as const);
        }));
      },
    };
  }

  private conditional(node: Node): Compiled {
    const [condition, then, otherwise] = (node.args as Node[]).map((part) => this.node(part)) as [Compiled, Compiled, Compiled];
    const mismatch = !isAssignable(bool, condition.type) || (!isAssignable(then.type, otherwise.type) && !isAssignable(otherwise.type, then.type));
    if (mismatch) this.fail(node.pos, `found no matching overload for '_?_:_' applied to '(${[condition, then, otherwise].map(({ type }) => formatType(type)).join(', ')})'`);
    return {
      type: joined([then.type, otherwise.type]),
      run: (scope) => {
        const value = condition.run(scope);
        if (typeof value !== 'boolean') throw noOverload();
        return value ? then.run(scope) : otherwise.run(scope);
      },
    };
  }

  /** An operand that decides the result hides the error of the other one. */
  private logical(node: Node): Compiled {
    const [left, right] = (node.args as Node[]).map((part) => this.node(part)) as [Compiled, Compiled];
    if (!isAssignable(bool, left.type) || !isAssignable(bool, right.type)) {
      this.fail(node.pos, `found no matching overload for '_${node.op}_' applied to '(${formatType(left.type)}, ${formatType(right.type)})'`);
    }
    const deciding = node.op === '||';
    const operand = (part: Compiled, scope: Scope): boolean => {
      const value = part.run(scope);
      if (typeof value !== 'boolean') throw noOverload();
      return value;
    };
    return {
      type: bool,
      run: (scope) => {
        let failure: CelEvaluationError | undefined;
        try {
          if (operand(left, scope) === deciding) return deciding;
        } catch (error) {
          if (!(error instanceof CelEvaluationError) || error.costExceeded) throw error;
          failure = error;
        }
        if (operand(right, scope) === deciding) return deciding;
        if (failure) throw failure;
        return !deciding;
      },
    };
  }

  private not(node: Node): Compiled {
    const operand = this.node(node.args as Node);
    if (!isAssignable(bool, operand.type)) this.fail(node.pos, `found no matching overload for '!_' applied to '(${formatType(operand.type)})'`);
    return {
      type: bool,
      run: (scope) => {
        const value = operand.run(scope);
        scope.charge(1);
        if (typeof value !== 'boolean') throw noOverload();
        return !value;
      },
    };
  }

  private negate(node: Node): Compiled {
    const inner = node.args as Node;
    // The smallest int is written as the negation of what is no int.
    if (inner.op === 'value' && typeof inner.args === 'bigint') {
      const value = -inner.args;
      return { type: int, run: () => checkInt(value) };
    }
    const operand = this.node(inner);
    if (!isDynamic(operand.type) && operand.type.kind !== 'int' && operand.type.kind !== 'double') this.fail(node.pos, `found no matching overload for '-_' applied to '(${formatType(operand.type)})'`);
    return {
      type: operand.type,
      run: (scope) => {
        const value = operand.run(scope);
        scope.charge(1);
        if (typeof value === 'bigint') return checkInt(-value);
        if (typeof value === 'number') return -value;
        throw noOverload();
      },
    };
  }

  private binary(node: Node): Compiled {
    const [left, right] = (node.args as Node[]).map((part) => this.node(part)) as [Compiled, Compiled];
    const type = binaryType(node.op, left.type, right.type);
    if (!type) this.fail(this.operatorAt(node), `found no matching overload for '${node.op === 'in' ? '@in' : `_${node.op}_`}' applied to '(${formatType(left.type)}, ${formatType(right.type)})'`);
    const { op } = node;
    return {
      type,
      run: (scope) => {
        const a = left.run(scope);
        const b = right.run(scope);
        scope.charge(1);
        return applyBinary(op, a, b, scope.charge);
      },
    };
  }

  /** The parser knows where the left operand begins; cel-go names the operator. */
  private operatorAt({ op, args }: Node): number {
    const [, right] = args as [Node, Node];
    let first = right;
    while (first.op === '.' || first.op === '[]' || first.op === 'rcall') first = (first.op === 'rcall' ? (first.args as [string, Node])[1] : (first.args as [Node])[0]);
    const at = this.source.lastIndexOf(op, Math.max(0, first.pos - 1));
    return at < 0 ? right.pos : at;
  }

  private call(name: string, given: readonly Node[], at: number): Compiled {
    if (name === 'has' && given.length === 1) return this.has(given[0]!);
    const args = given.map((node) => this.node(node));
    if (name === 'matches' && given.length === 2) this.checkPattern(given[1]!);
    return this.choose(name, name, false, args, at + name.length);
  }

  /** A pattern that is written down is tried before it is used. */
  private checkPattern(node: Node): void {
    if (node.op !== 'value' || typeof node.args !== 'string') return;
    try {
      new RegularExpression(node.args);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.fail(node.pos, 'invalid matches argument');
    }
  }

  private has(node: Node): Compiled {
    if (node.op !== '.' && node.op !== '.?') this.fail(node.pos, 'invalid argument to has() macro');
    const [operand, name] = node.args as [Node, string];
    const target = this.node(operand);
    const field = unescape(name);
    this.fieldType(target.type.kind === 'optional' ? target.type.value : target.type, field, node.pos - 1);
    return {
      type: bool,
      run: (scope) => {
        const value = target.run(scope);
        scope.charge(1);
        if (value instanceof CelMap) return value.get(field) !== undefined;
        if (value instanceof Optional) return selectOptional(value, field).present;
        throw new CelEvaluationError(`unsupported type for field selection: ${typeNameOf(value)}`);
      },
    };
  }

  private method(name: string, receiver: Node, given: readonly Node[], node: Node): Compiled {
    const qualified = receiver.op === 'id' && !this.locals.has(receiver.args as string) && !Object.hasOwn(this.variables, receiver.args as string) ? receiver.args as string : undefined;
    if (qualified === 'cel' && name === 'bind' && given.length === 3) return this.bind(given as [Node, Node, Node]);
    if (qualified !== undefined && namespaces.has(qualified)) return this.choose(`${qualified}.${name}`, `${qualified}.${name}`, false, given.map((one) => this.node(one)), node.pos);
    const target = this.node(receiver);
    const macro = this.macro(name, target, given);
    if (macro) return macro;
    if (name === 'matches' && given.length === 1) this.checkPattern(given[0]!);
    return this.choose(name, name, true, [target, ...given.map((one) => this.node(one))], this.source.indexOf('(', receiver.pos) < 0 ? node.pos : this.source.indexOf('(', receiver.pos));
  }

  private bind([variable, init, body]: [Node, Node, Node]): Compiled {
    const value = this.node(init);
    const name = this.variableName(variable);
    const inner = this.within([[name, value.type]], () => this.node(body));
    return {
      type: inner.type,
      run: (scope) => withLocals(scope, [[name, value.run(scope)]], (nested) => inner.run(nested)),
    };
  }

  private variableName(node: Node): string {
    return node.op === 'id' ? node.args as string : this.fail(node.pos, 'argument must be a simple name');
  }

  private within(locals: readonly (readonly [string, CelType])[], compile: () => Compiled): Compiled {
    const before = locals.map(([name]) => [name, this.locals.get(name)] as const);
    for (const [name, type] of locals) this.locals.set(name, type);
    try {
      return compile();
    } finally {
      for (const [name, type] of before) {
        if (type) this.locals.set(name, type);
        else this.locals.delete(name);
      }
    }
  }

  private macro(name: string, target: Compiled, given: readonly Node[]): Compiled | undefined {
    if ((name === 'optMap' || name === 'optFlatMap') && given.length === 2) return this.optionalMap(name, target, given as [Node, Node]);
    const single = given.length === 2 || (name === 'map' && given.length === 3 && !['transformList', 'transformMap'].includes(name));
    switch (name) {
      case 'all':
      case 'exists':
      case 'exists_one':
      case 'existsOne':
        if (given.length !== 2 && given.length !== 3) return undefined;
        return this.quantifier(name, target, given);
      case 'filter': return given.length === 2 ? this.filter(target, given as [Node, Node]) : undefined;
      case 'map': return single ? this.transform(target, given) : undefined;
      case 'transformList':
      case 'transformMap': return given.length === 3 || given.length === 4 ? this.transformTwo(name, target, given) : undefined;
      default: return undefined;
    }
  }

  private optionalMap(name: string, target: Compiled, [variable, body]: [Node, Node]): Compiled {
    const local = this.variableName(variable);
    const inner = this.within([[local, target.type.kind === 'optional' ? target.type.value : dyn]], () => this.node(body));
    return {
      type: name === 'optMap' ? optionalOf(inner.type) : inner.type,
      run: (scope) => {
        const value = target.run(scope);
        if (!(value instanceof Optional)) throw noOverload();
        if (!value.present) return none;
        const result = withLocals(scope, [[local, value.value]], (nested) => inner.run(nested));
        return name === 'optMap' ? new Optional(true, result) : result;
      },
    };
  }

  /** The variables of a comprehension: one (elements, keys of a map) or two (index or key, value). */
  private range(target: Compiled, names: readonly Node[]): { locals: (readonly [string, CelType])[]; names: string[] } {
    const { type } = target;
    const variables = names.map((node) => this.variableName(node));
    const [first, second]: [CelType, CelType] = type.kind === 'list' ? (names.length === 1 ? [type.element, dyn] : [int, type.element])
      : type.kind === 'map' ? [type.key, type.value] : type.kind === 'object' ? [string, dyn]
        : isDynamic(type) ? [dyn, dyn] : this.fail(names[0]!.pos, `expression of type '${formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
    const types = [first, second];
    return { names: variables, locals: variables.map((name, index) => [name, types[index]!] as const) };
  }

  private quantifier(name: string, target: Compiled, given: readonly Node[]): Compiled {
    const { names, locals } = this.range(target, given.slice(0, -1));
    const body = this.within(locals, () => this.node(given.at(-1)!));
    if (!isAssignable(bool, body.type)) this.fail(given.at(-1)!.pos, `found no matching overload for '_&&_' applied to '(bool, ${formatType(body.type)})'`);
    return {
      type: bool,
      run: (scope) => {
        let failure: CelEvaluationError | undefined;
        let count = 0;
        for (const values of iterate(target.run(scope), names.length)) {
          scope.charge(2);
          let result: unknown;
          try {
            result = withLocals(scope, names.map((local, index) => [local, values[index]] as const), (nested) => body.run(nested));
          } catch (error) {
            if (!(error instanceof CelEvaluationError) || error.costExceeded || name.endsWith('ne')) throw error;
            failure ??= error;
            continue;
          }
          if (typeof result !== 'boolean') throw noOverload();
          if (name === 'all' && !result) return false;
          if (name === 'exists' && result) return true;
          if (result) count += 1;
        }
        if (failure) throw failure;
        return name === 'all' ? true : name === 'exists' ? false : count === 1;
      },
    };
  }

  private filter(target: Compiled, [variable, condition]: [Node, Node]): Compiled {
    const { names, locals } = this.range(target, [variable]);
    const body = this.within(locals, () => this.node(condition));
    return {
      type: listOf(locals[0]![1]),
      run: (scope) => {
        const kept: unknown[] = [];
        for (const [value] of iterate(target.run(scope), 1)) {
          scope.charge(2);
          const result = withLocals(scope, [[names[0]!, value]], (nested) => body.run(nested));
          if (typeof result !== 'boolean') throw noOverload();
          if (result) kept.push(value);
        }
        return new List(kept);
      },
    };
  }

  private transform(target: Compiled, given: readonly Node[]): Compiled {
    const { names, locals } = this.range(target, [given[0]!]);
    const condition = given.length === 3 ? this.within(locals, () => this.node(given[1]!)) : undefined;
    const body = this.within(locals, () => this.node(given.at(-1)!));
    return {
      type: listOf(body.type),
      run: (scope) => {
        const made: unknown[] = [];
        for (const [value] of iterate(target.run(scope), 1)) {
          scope.charge(2);
          withLocals(scope, [[names[0]!, value]], (nested) => {
            if (condition && condition.run(nested) !== true) return;
            made.push(body.run(nested));
          });
        }
        return new List(made);
      },
    };
  }

  private transformTwo(name: string, target: Compiled, given: readonly Node[]): Compiled {
    const { names, locals } = this.range(target, given.slice(0, 2));
    const condition = given.length === 4 ? this.within(locals, () => this.node(given[2]!)) : undefined;
    const body = this.within(locals, () => this.node(given.at(-1)!));
    return {
      type: name === 'transformList' ? listOf(body.type) : mapOf(locals[0]![1], body.type),
      run: (scope) => {
        const made: [unknown, unknown][] = [];
        for (const values of iterate(target.run(scope), 2)) {
          scope.charge(2);
          withLocals(scope, names.map((local, index) => [local, values[index]] as const), (nested) => {
            if (condition && condition.run(nested) !== true) return;
            made.push([values[0], body.run(nested)]);
          });
        }
        return name === 'transformList' ? new List(made.map(([, value]) => value)) : new NativeMap(made);
      },
    };
  }

  private choose(name: string, shown: string, member: boolean, args: readonly Compiled[], at: number): Compiled {
    const all = [...overloadsOf(name), ...formatOverloads(name)].filter((overload) => overload.member === member);
    if (all.length === 0) this.fail(at, `undeclared reference to '${shown}' (in container '')`);
    const types = args.map(({ type }) => type);
    const fitting = all.filter(({ parameters }) => parameters.length === types.length && parameters.every((parameter, index) => isAssignable(parameter, types[index]!)));
    if (fitting.length === 0) {
      const texts = types.map(formatType);
      this.fail(at, `found no matching overload for '${shown}' applied to '${member ? `${texts[0]}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`}'`);
    }
    const results = fitting.map(({ result }) => (typeof result === 'function' ? result(types) : result));
    const sure = fitting.length === 1 && types.every((type) => !isDynamic(type) && type.kind !== 'null');
    return {
      type: joined(results),
      run: (scope) => {
        const values = args.map((arg) => arg.run(scope));
        scope.charge(1);
        const overload = sure ? fitting[0]! : fitting.find((candidate) => candidate.parameters.every((parameter, index) => accepts(parameter, values[index])));
        if (!overload) throw noOverload();
        return adapt(overload.call(values as never[], scope.charge), dyn);
      },
    };
  }
}
