import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readNodeFacts } from '../../node-status/node-facts.ts';
import { readNodeReadings } from '../../node-status/node-readings.ts';

describe('the facts of this machine', () => {
  it('are those that the kernel and the distribution give', async () => {
    const facts = await readNodeFacts({ dataDir: tmpdir(), runtimeVersion: async () => '26.1.5' });
    expect(['amd64', 'arm64', 'arm']).toContain(facts.architecture);
    expect(facts.cpus).toBeGreaterThanOrEqual(availableParallelism());
    expect(facts.memoryBytes).toBe(Number(/^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) * 1024);
    expect(isIP(facts.internalIP)).not.toBe(0);
    expect(facts.bootID).toMatch(/^[0-9a-f-]{36}$/);
    expect(facts.kernelVersion).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
    expect(facts.osImage).not.toBe('');
    expect(facts.containerRuntimeVersion).toBe('docker://26.1.5');
    expect(facts.diskBytes).toBeGreaterThan(0);
  });

  it('take the address that was configured', async () => {
    const facts = await readNodeFacts({ dataDir: tmpdir(), runtimeVersion: async () => '1', nodeIP: '203.0.113.9' });
    expect(facts.internalIP).toBe('203.0.113.9');
  });

  it('change in readings that are plausible', async () => {
    const readings = await readNodeReadings(tmpdir());
    for (const value of Object.values(readings)) expect(Number.isFinite(value)).toBe(true);
    expect(readings.memoryAvailableBytes).toBeGreaterThan(0);
    expect(readings.processes).toBeGreaterThan(1);
    expect(readings.processLimit).toBeGreaterThan(readings.processes);
    expect(readings.diskAvailableBytes).toBeLessThanOrEqual(readings.diskBytes);
  });
});
