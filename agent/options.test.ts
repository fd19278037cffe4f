import { expect, it } from 'vitest';
import { readBoardResolvConf } from './board-resolver.ts';
import { compileAgentOptions } from './options.ts';

const options = { dataDir: '/var/lib/bramble', boardName: 'pi-1', credentialsFile: '/c' };

it('gives an agent the same identity every time, and another one another', () => {
  const first = compileAgentOptions(options);
  expect(compileAgentOptions({ ...options, dataDir: '/var/lib/./bramble/' }).agentId).toBe(first.agentId);
  expect(compileAgentOptions({ ...options, dataDir: '/tmp/x' }).agentId).not.toBe(first.agentId);
  expect(compileAgentOptions({ ...options, boardName: 'pi-2' }).agentId).not.toBe(first.agentId);
  expect(first).toMatchObject({ agentDir: '/var/lib/bramble/agent', bridgeName: 'bramble0', networkName: `bramble-${first.agentId}` });
});

it.each([['bridgeName', { bridgeName: 'a-name-that-is-too-long' }], ['bridgeName', { bridgeName: 'a/b' }], ['boardName', { boardName: 'Pi' }]])('names %s when it cannot be used', (field, change) => {
  expect(() => compileAgentOptions({ ...options, ...change })).toThrow(new RegExp(`^${field}: `));
});

it('reads the servers behind the stub of systemd-resolved', async () => {
  const files: Record<string, string> = { '/etc/resolv.conf': 'nameserver 127.0.0.53\n', '/run/systemd/resolve/resolv.conf': 'nameserver 203.0.113.2\n' };
  const read = (path: string) => {
    const text = files[path];
    return text === undefined ? Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' })) : Promise.resolve(text);
  };
  expect(await readBoardResolvConf(read)).toBe('nameserver 203.0.113.2\n');
  delete files['/run/systemd/resolve/resolv.conf'];
  expect(await readBoardResolvConf(read)).toBe('nameserver 127.0.0.53\n');
  files['/etc/resolv.conf'] = 'nameserver 127.0.0.53\nnameserver 203.0.113.3\n';
  expect(await readBoardResolvConf(read)).toContain('203.0.113.3');
  delete files['/etc/resolv.conf'];
  expect(await readBoardResolvConf(read)).toBe('');
});
