import { describe, expect, it } from 'vitest';
import { loadDescriptions } from './descriptions.ts';
import { parseDeclarations, parseModel } from './extract-descriptions.ts';

describe('parseDeclarations', () => {
  it('finds comments of types and fields, on one line and many', () => {
    const source = [
      'import { Time } from "../meta/v1";', '/** A first type. */', 'export interface First {', '    /** One field. */', '    one?: string;',
      '    /**', '     * Two lines', '     *   of text with a `a/*.b`.', '     */', '    "$two": {', '        [name: string]: string;', '    };', '    three: number;', '    /** Not for writers. */', '    readonly four?: string;', '}',
      'export interface Second {', '    /** Its own. */', '    one: Time;', '}', '/** A name. */', 'export type Third = string;',
    ].join('\n');
    expect(Object.fromEntries(parseDeclarations(source))).toEqual({
      First: { '': 'A first type.', one: 'One field.', $two: 'Two lines\n  of text with a `a/*.b`.', four: 'Not for writers.' }, Second: { one: 'Its own.' }, Third: { '': 'A name.' },
    });
  });
});

it('finds comments of the fields of a generated class', () => {
  const source = ["/**", "* A class.", "*/", "export declare class V1First {", "    /**", "    * What\\'s one.", "    */", "    'one'?: string;", "    'two': number;", "    /** Three. */", "    '_three': V1Second;", '}'].join('\n');
  expect(parseModel(source)).toEqual({ one: "What's one.", three: 'Three.' });
});

it('has descriptions of nearly all fields of a pod', async () => {
  const table = await loadDescriptions();
  expect(table['k8s.io.api.core.v1.PodSpec']?.['containers']).toMatch(/^List of containers belonging to the pod\./);
  expect(table['k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.['']).toMatch(/^ObjectMeta is metadata/);
  expect(table['k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.['creationTimestamp']).toMatch(/^CreationTimestamp is a timestamp/);
  // Newer than the package of types.
  expect(table['k8s.io.api.core.v1.PodSpec']?.['hostnameOverride']).toMatch(/^HostnameOverride specifies/);
});
