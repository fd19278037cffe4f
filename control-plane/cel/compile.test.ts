import { describe, expect, it } from 'vitest';
import { compileCel } from './compile.ts';
import { dyn, int, listOf, mapOf, string, type CelType } from './types.ts';

const self: CelType = {
  kind: 'object', name: 'object',
  fields: new Map<string, CelType>([['replicas', int], ['name', string], ['list', listOf(int)], ['labels', mapOf(string, string)], ['any', dyn], ['namespace', string]]),
};
const value = { replicas: 3, name: 'abc', list: [1, 2, 3], labels: { a: 'x' }, any: { deep: [1, 2.5] }, namespace: 'ns' };
const run = (source: string): unknown => compileCel(source, { variables: { self } }).evaluate({ self: value });

describe('CEL', () => {
  it.each([
    ['self.replicas > 2 && self.replicas % 2 == 1', true], ['self.list.all(x, x > 0)', true], ['self.list.exists_one(x, x == 2)', true],
    ['self.list.map(x, x * 2) == [2, 4, 6]', true], ['self.list.filter(x, x > 1).size()', 2n], ['has(self.labels.a) && !has(self.labels.b)', true],
    ['"ab" in {"ab": 1}', true], ['self.any.deep[1] == 2.5', true], ['self.any.deep[0] == 1', true], ['1 == 1.0 && 1u == dyn(1)', true], ['self.__namespace__', 'ns'],
    ['false && (1 / 0 == 1)', false], ['(1 / 0 == 1) && false', false], ['(1 / 0 == 1) || true', true], ['-9223372036854775808', -(2n ** 63n)], ['7 / -2', -3n],
    ['self.labels.all(k, v, k == "a" && v == "x")', true], ['self.list.transformList(i, v, i + v)', [1n, 3n, 5n]], ['self.?name.orValue("z")', 'abc'], ['self.labels[?"q"].orValue("z")', 'z'],
    ['optional.of(2).optMap(x, x + 1).value()', 3n], ['cel.bind(x, self.replicas + 1, x * x)', 16n], ['"%s-%d-%.2f".format(["a", 5, 1.5])', 'a-5-1.50'],
    ['"hello".charAt(1) + "a,b".split(",")[1] + "xyz".substring(1, 2)', 'eby'], ['"äöü".indexOf("ü")', 2n], ['["b", "a"].sort()', ['a', 'b']], ['[1, 2, 3].sum() + [4, 1].max()', 10n],
    ['"a1b22".findAll("[0-9]+")', ['1', '22']], ['"abc".matches("^a.c$")', true], ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1])', true],
    ['quantity("1Gi").isGreaterThan(quantity("1000Mi")) && quantity("50k").add(20).asInteger() == 50020', true], ['isIP("::1") && ip("10.0.0.1").family() == 4', true],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && !cidr("10.0.0.0/8").containsCIDR("11.0.0.0/9")', true], ['string(cidr("10.1.2.3/8").masked())', '10.0.0.0/8'],
    ['url("https://a.b:80/p?x=1").getHost()', 'a.b:80'], ['timestamp("2024-01-02T03:04:05Z") - duration("5s") < timestamp("2024-01-02T03:04:05Z")', true],
    ['duration("1h30m").getMinutes()', 90n], ['string(duration("90s"))', '90s'], ['type(1) == int && type("") == string', true], ['size("😀")', 1n], ['b"ab" + b"c" == bytes("abc")', true],
    ['format.dns1123Label().validate("a-b").hasValue()', false], ['format.dns1123Label().validate("A_b").value()[0].startsWith("a lowercase RFC 1123 label must")', true],
    ['format.named("uuid").value().validate("x").value()', ['does not match the UUID format']], ['format.named("nonsense").hasValue()', false], ['format.dns1035LabelPrefix().validate("a-").hasValue()', false],
    ['[?optional.of(1), ?optional.none(), 3]', [1n, 3n]], ['[[?optional.of("a")], [ ?optional.of("?")]] == [["a"], ["?"]] ? {"b": [1][?0].orValue(2)} : {}', { b: 1n }], ['[?self.?name, ?self.labels[?"q"]]', ['abc']], ['{?"a": optional.of(1), ?"b": optional.none()}', { a: 1n }], ['optional.ofNonZeroValue("").or(optional.of("x")).value()', 'x'],
    ['int("42") + int(3.9)', 45n], ['{"a": 1}.a', 1n], ['self.list[2]', 3n], ['self == self', true], ['[1, 2] + [3] == self.list', true],
  ])('%s', (source, expected) => {
    expect(run(source)).toEqual(expected);
  });

  it.each([
    ['1 / 0', 'division by zero'], ['9223372036854775807 + 1', 'integer overflow'], ['self.labels.b', 'no such key: b'], ['self.list[7]', 'index out of bounds: 7'],
    ['int("x")', 'invalid syntax'], ['1u - 2u', 'unsigned integer overflow'], ['dyn("a") + dyn(1)', 'no such overload'],
  ])('fails at run time: %s', (source, why) => {
    expect(() => run(source)).toThrow(why);
  });

  it.each([
    ['self.nothing == 1', "ERROR: <input>:1:5: undefined field 'nothing'\n | self.nothing == 1\n | ....^"], ['other', "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')"],
    ['self.replicas + "a"', "found no matching overload for '_+_' applied to '(int, string)'"], ['"ell" in "hello"', "found no matching overload for '@in' applied to '(string, string)'"],
    ['self.name.matches("(")', 'ERROR: <input>:1:19: invalid matches argument'], ['matches(self.name, "[")', 'ERROR: <input>:1:20: invalid matches argument'],
    ['self.name.nonsense()', "undeclared reference to 'nonsense'"], ['self.replicas +', 'Syntax error'], ['self.name.startsWith(1)', "found no matching overload for 'startsWith' applied to 'string.(int)'"],
  ])('does not compile %s', (source, why) => {
    expect(() => compileCel(source, { variables: { self } })).toThrow(why);
  });

  it('ends what costs too much', () => {
    const long = Array.from({ length: 300 }, (_, index) => index);
    const program = compileCel('self.list.all(a, self.list.all(b, self.list.all(c, a + b + c >= 0)))', { variables: { self } });
    const begin = performance.now();
    expect(() => program.evaluate({ self: { list: long } })).toThrow('actual cost limit exceeded');
    expect(performance.now() - begin).toBeLessThan(3000);
    const budget = { remaining: 100 };
    const cheap = compileCel('self.list.all(a, a >= 0)', { variables: { self } });
    expect(() => cheap.evaluate({ self: { list: long } }, budget)).toThrow('running out of cost budget');
    expect(budget.remaining).toBeLessThanOrEqual(0);
  });
});
