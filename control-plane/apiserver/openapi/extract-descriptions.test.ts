import { describe, expect, it } from 'vitest';
import { loadDescriptions } from './descriptions.ts';
import { parseDeclarations } from './extract-descriptions.ts';

describe('parseDeclarations', () => {
  it('finds comments of types and fields, on one line and many', () => {
    const source = [
      'import { Time } from "../meta/v1";', '/** A first type. */', 'export interface First {', '    /** One field. */', '    one?: string;',
      '    /**', '     * Two lines', '     *   of text with a `a/*.b`.', '     */', '    "$two": {', '        [name: string]: string;', '    };', '    three: number;', '}',
      'export interface Second {', '    /** Its own. */', '    one: Time;', '}', '/** A name. */', 'export type Third = string;',
    ].join('\n');
    expect(Object.fromEntries(parseDeclarations(source))).toEqual({
      First: { '': 'A first type.', one: 'One field.', $two: 'Two lines\n  of text with a `a/*.b`.' }, Second: { one: 'Its own.' }, Third: { '': 'A name.' },
    });
  });
});

it('has descriptions of nearly all fields of a pod', async () => {
  const table = await loadDescriptions();
  expect(table['k8s.io.api.core.v1.PodSpec']?.['containers']).toMatch(/^List of containers belonging to the pod\./);
  expect(table['k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.['']).toMatch(/^ObjectMeta is metadata/);
});
