import { describe, expect, it } from 'vitest';
import { compileRuleChecker } from './rules.ts';
import { compileSchema, type Schema } from './schema-node.ts';
import { validateRules } from './validate-rules.ts';
import { validateValue } from './validate-value.ts';

const text = (schema: Schema): string[] => validateRules(schema, 'root').map(({ field, message }) => `${field}: ${message}`);
const withRule = (rule: object, more: Schema = { type: 'string', maxLength: 10 }): Schema =>
  ({ type: 'object', properties: { field: { ...more, 'x-kubernetes-validations': [rule as never] } } });
const check = (schema: Schema, value: object, old?: object): string[] => {
  const node = compileSchema(schema);
  return [...validateValue(value, node, old), ...compileRuleChecker(node)?.check(value, old) ?? []].map(({ field, message }) => `${field}: ${message}`);
};

describe('rules of a definition', () => {
  it.each([
    [{ rule: ' ' }, 'root.properties[field].x-kubernetes-validations[0].rule: Required value: rule is not specified'],
    [{ rule: 'true', message: ' ' }, '.message: Invalid value: " ": must be non-empty if specified'],
    [{ rule: 'true', message: 'a\nb' }, '.message: Invalid value: "a\\nb": must not contain line breaks'],
    [{ rule: 'true ||\nfalse' }, '.message: Required value: message must be specified if rule contains line breaks'],
    [{ rule: 'true', messageExpression: ' ' }, '.messageExpression: Required value: messageExpression must be non-empty if specified'],
    [{ rule: 'true', reason: 'Odd' }, '.reason: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"'],
    [{ rule: 'true', fieldPath: '.nothing' }, '.fieldPath: Invalid value: ".nothing": must be a valid path'],
    [{ rule: '42' }, 'cel expression must evaluate to a bool'],
    [{ rule: 'self.x' }, 'compilation failed: ERROR: <input>:1:'],
    [{ rule: 'true', messageExpression: '42' }, '"MessageExpression":"42","Reason":null,"FieldPath":"","OptionalOldSelf":null}: messageExpression must evaluate to a string'],
    [{ rule: 'true', messageExpression: 'x +' }, 'messageExpression compilation failed: ERROR'],
    [{ rule: 'true', optionalOldSelf: true }, '.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule'],
  ])('refuses %j', (rule, why) => {
    expect(text(withRule(rule)).join('\n')).toContain(why);
  });

  it('forbids oldSelf where nothing says what an element was before', () => {
    const list = (more: Schema): Schema => ({ type: 'object', properties: { list: { type: 'array', maxItems: 5, ...more, items: { type: 'object', required: ['key'], properties: { key: { type: 'string' }, value: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } } } } } });
    expect(text(list({}))).toEqual(['root.properties[list].items.properties[value].x-kubernetes-validations[0].rule: Invalid value: "self >= oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within root.properties[list]']);
    expect(text(list({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['key'] }))).toEqual([]);
  });

  it('hides what has no type from expressions', () => {
    const schema: Schema = { type: 'object', properties: { any: { 'x-kubernetes-preserve-unknown-fields': true }, port: { 'x-kubernetes-int-or-string': true } } };
    expect(text({ ...schema, 'x-kubernetes-validations': [{ rule: 'has(self.any)' }] })[0]).toContain("undefined field 'any'");
    expect(text({ ...schema, 'x-kubernetes-validations': [{ rule: 'type(self.port) == int ? self.port < 5 : self.port == "x"' }] })).toEqual([]);
  });
});

describe('costs of rules', () => {
  const hint = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
  const words = (maxItems?: number, maxLength?: number): Schema => withRule({ rule: 'self.all(a, self.exists_one(b, a == b))' }, {
    type: 'array', ...(maxItems === undefined ? {} : { maxItems }), items: { type: 'string', ...(maxLength === undefined ? {} : { maxLength }) },
  });

  it('refuses an expression that may cost too much', () => {
    const at = 'root.properties[field].x-kubernetes-validations[0].rule';
    expect(text(words())).toEqual([
      `${at}: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
      `${at}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `root: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
    ]);
    expect(text(words(1000, 40))).toEqual([`${at}: Forbidden: estimated rule cost exceeds budget by factor of 2.0x ${hint}`]);
    expect(text(words(100, 40))).toEqual([]);
  });

  it('counts a rule for each value that there may be', () => {
    const inList = (maxItems?: number): Schema => ({ type: 'object', properties: { list: { type: 'array', ...(maxItems === undefined ? {} : { maxItems }), items: withRule({ rule: 'self.contains("abc")' }, { type: 'string', maxLength: 1000 }) } } });
    expect(text(inList(100))).toEqual([]);
    expect(text(inList())[0]).toContain('list].items.properties[field].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of');
  });

  it('refuses many that cost too much together', () => {
    const one = words(300, 100).properties!['field']!;
    const schema: Schema = { type: 'object', properties: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, one])) };
    const errors = text(schema);
    expect(errors).toHaveLength(5);
    expect(errors[4]).toMatch(/^root: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1\.\d+x/);
  });

  it('refuses a message that nothing bounds', () => {
    expect(text(withRule({ rule: 'self > 1', messageExpression: '"value " + string(self)' }, { type: 'integer' }))[0]).toContain('.messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x');
    expect(text(withRule({ rule: 'self > 1', messageExpression: '"value %d".format([self])' }, { type: 'integer' }))).toEqual([]);
  });
});

describe('rules of objects', () => {
  it('says what a message expression says, and falls back to the message, then to the rule', () => {
    const rule = { rule: 'self.size() < 3', message: 'too long', messageExpression: '"got %d".format([self.size()])' };
    expect(check(withRule(rule), { field: 'abcd' })).toEqual(['field: Invalid value: "abcd": got 4']);
    expect(check(withRule({ ...rule, messageExpression: '""' }), { field: 'abcd' })).toEqual(['field: Invalid value: "abcd": too long']);
    expect(check(withRule({ ...rule, messageExpression: '"a\\nb"' }), { field: 'abcd' })).toEqual(['field: Invalid value: "abcd": too long']);
    expect(check(withRule({ rule: rule.rule }), { field: 'abcd' })).toEqual(['field: Invalid value: "abcd": failed rule: self.size() < 3']);
  });

  it('names the field and the reason that a rule wants', () => {
    const schema = (rule: object): Schema => ({ type: 'object', properties: { spec: { type: 'object', properties: { 'a.b': { type: 'string' }, c: { type: 'string' } }, 'x-kubernetes-validations': [rule as never] } } });
    expect(check(schema({ rule: 'has(self.c)', message: 'c is needed', reason: 'FieldValueRequired', fieldPath: '.c' }), { spec: {} })).toEqual(['spec.c: Required value: c is needed']);
    expect(check(schema({ rule: 'false', message: 'no', reason: 'FieldValueForbidden', fieldPath: "['a.b']" }), { spec: {} })).toEqual(['spec.a.b: Forbidden: no']);
    expect(check(schema({ rule: 'false', message: 'twice', reason: 'FieldValueDuplicate' }), { spec: {} })).toEqual(['spec: Duplicate value']);
  });

  it('asks transition rules when there was a value before, or always with optionalOldSelf', () => {
    const strict = withRule({ rule: 'self == oldSelf', message: 'immutable' });
    expect(check(strict, { field: 'a' })).toEqual([]);
    expect(check(strict, { field: 'b' }, { field: 'a' })).toEqual(['field: Invalid value: "b": immutable']);
    expect(check(strict, { field: 'b' }, {})).toEqual([]);
    const optional = withRule({ rule: 'oldSelf.hasValue() || self == "first"', optionalOldSelf: true, message: 'must begin with first' });
    expect(check(optional, { field: 'other' })).toEqual(['field: Invalid value: "other": must begin with first']);
    expect(check(optional, { field: 'first' })).toEqual([]);
    expect(check(optional, { field: 'other' }, { field: 'first' })).toEqual([]);
  });
});

describe('updates of objects that were valid once', () => {
  const bad = { field: 'foo', struct: { field: 'foo' }, list: [{ key: 'a', field: 'foo' }], map: { a: { field: 'foo' } }, atomic: ['foo', 'bar'], set: ['foo', 'bar'] };
  const schemaOf = (leaf: Schema): Schema => {
    const struct: Schema = { type: 'object', properties: { field: leaf, other: { type: 'string' } } };
    return {
      type: 'object',
      properties: {
        field: leaf, struct, map: { type: 'object', additionalProperties: struct }, atomic: { type: 'array', items: leaf }, set: { type: 'array', 'x-kubernetes-list-type': 'set', items: leaf },
        list: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['key'], items: { ...struct, required: ['key'], properties: { ...struct.properties, key: { type: 'string' } } } },
      },
    };
  };

  it.each([['a schema', { type: 'string', enum: ['notfoo'] }], ['rules', { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == "notfoo"' }] }]] as [string, Schema][])('are not refused by %s for what they left as it was', (_, leaf) => {
    const schema = schemaOf(leaf);
    expect(check(schema, bad, bad)).toEqual([]);
    const around = { ...bad, struct: { field: 'foo', other: 'x' }, list: [{ key: 'b', field: 'notfoo' }, { key: 'a', field: 'foo', other: 'x' }], map: { a: { field: 'foo', other: 'x' } } };
    expect(check(schema, around, bad)).toEqual([]);
  });

  it.each([['a schema', { type: 'string', enum: ['notfoo'] }], ['rules', { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == "notfoo"' }] }]] as [string, Schema][])('are refused by %s for elements without identity and for what they changed', (_, leaf) => {
    const schema = schemaOf(leaf);
    const fields = (value: object): string[] => [...new Set(check(schema, value, bad).map((one) => one.split(':', 1)[0]!))].sort();
    expect(fields({ ...bad, atomic: ['foo', 'bar', 'notfoo'], set: ['foo', 'bar', 'notfoo'] })).toEqual(['atomic[0]', 'atomic[1]', 'set[0]', 'set[1]']);
    const changed = { field: 'x', struct: { field: 'x' }, list: [{ key: 'a', field: 'x' }], map: { a: { field: 'x' } } };
    expect(fields(changed)).toHaveLength(4);
  });
});
