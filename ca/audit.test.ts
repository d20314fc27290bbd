import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../lib/logger.ts';
import { createAudit } from './audit.ts';

describe('the audit trail', () => {
  it('writes the first refusals of each, some later ones, and how many were left out', () => {
    let now = 0;
    const logger = recordingLogger();
    const audit = createAudit(logger, () => now);
    for (let n = 0; n < 1000; n++) audit.refused({ peer: '10.0.0.1' }, 'forged');
    expect(logger.entries).toHaveLength(20);
    audit.refused({ peer: '10.0.0.2' }, 'expired');
    expect(logger.entries).toHaveLength(21);
    expect(logger.entries.at(-1)?.fields).toEqual({ peer: '10.0.0.2', reason: 'expired', leftOut: 980 });
    now = 10_000;
    audit.refused({ peer: '10.0.0.1' }, 'forged');
    expect(logger.entries.at(-1)?.fields).toEqual({ peer: '10.0.0.1', reason: 'forged' });
  });

  it('grows slowly, from however many addresses the flood comes', () => {
    let now = 0;
    const logger = recordingLogger();
    const audit = createAudit(logger, () => now);
    for (let n = 0; n < 20_000; n++) {
      now += 1;
      audit.refused({ peer: `10.0.${n >> 8}.${n & 255}` }, 'x'.repeat(5_000));
    }
    expect(logger.entries.length).toBeLessThanOrEqual(221);
    expect(JSON.stringify(logger.entries).length).toBeLessThan(221 * 500);
  });
});
