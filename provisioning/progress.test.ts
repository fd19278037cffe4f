import { describe, expect, it } from 'vitest';
import { FakeClock } from '../machinery/testing/fake-clock.ts';
import { Progress } from './progress.ts';

function capture(isTTY: boolean): { progress: Progress; clock: FakeClock; text: () => string } {
  const clock = new FakeClock();
  let text = '';
  return { clock, text: () => text, progress: new Progress({ clock, output: { isTTY, write: (chunk) => { text += chunk; } } }) };
}

describe('Progress', () => {
  it('shows each step with its duration and remark, in lines that line up', async () => {
    const { progress, clock, text } = capture(false);
    await progress.step('docker', async (remark) => {
      await clock.advance(1_250);
      remark('Docker 20.10');
    });
    await progress.step('node is Ready', () => clock.advance(61_000));
    const lines = text().trimEnd().split('\n');
    expect(lines).toEqual(['  ✓ docker                                1.3 s  Docker 20.10', '  ✓ node is Ready                        61.0 s']);
  });

  it('marks the step that failed and passes its error on', async () => {
    const { progress, text } = capture(false);
    await expect(progress.step('agent', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(text()).toContain('✗ agent');
  });

  it('has colours and a line for what is under way on a terminal only', async () => {
    const terminal = capture(true);
    await terminal.progress.step('docker', () => Promise.resolve());
    expect(terminal.text()).toMatch(/… docker.*\u001b\[32m✓/s);
    const file = capture(false);
    await file.progress.step('docker', () => Promise.resolve());
    expect(file.text()).not.toContain('\u001b');
    expect(file.progress.bold('x')).toBe('x');
  });
});
