import { describe, expect, it } from 'vitest';
import type { Portal } from '../service-plan.ts';
import { kernelScript, removalScript } from './kernel-script.ts';

const range = '198.19.0.0/20';
const web: Portal = { key: 'tcp 198.19.0.5:80', service: 'default/web:80', protocol: 'TCP', listener: { ip: '198.19.0.5', port: 80 }, backends: [{ ip: '198.18.0.1', port: 8080 }, { ip: '198.18.0.2', port: 8080 }], affinitySeconds: undefined };

describe('kernelScript', () => {
  it('sends new connections to the backends in turn', () => {
    const script = kernelScript(range, [web]);
    expect(script).toContain('198.19.0.5 . 80 : goto service-0');
    expect(script).toContain('dnat ip to numgen inc mod 2 map { 0 : 198.18.0.1 . 8080, 1 : 198.18.0.2 . 8080 }');
  });

  it('leaves a pod that stands behind the Service to the proxy', () => {
    const chain = kernelScript(range, [web]).split('\n').find((line) => line.includes('chain service-0'))!;
    expect(chain.indexOf('ip saddr { 198.18.0.1, 198.18.0.2 } return')).toBeGreaterThan(0);
    expect(chain.indexOf('return')).toBeLessThan(chain.indexOf('dnat'));
  });

  it('gives each portal a chain of its own', () => {
    const script = kernelScript(range, [web, { ...web, listener: { ip: '198.19.0.6', port: 90 } }]);
    expect(script).toContain('elements = { 198.19.0.5 . 80 : goto service-0, 198.19.0.6 . 90 : goto service-1 }');
    expect(script.match(/chain service-\d /g)).toHaveLength(2);
  });

  it('replaces the table as a whole, and removes it where nothing is to be carried', () => {
    expect(kernelScript(range, [web]).startsWith(removalScript(range))).toBe(true);
    expect(kernelScript(range, [])).toBe(removalScript(range));
  });
});
