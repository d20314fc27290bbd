import type { Release } from './releases.ts';

/** A release as most are; a preview is a candidate alone. */
export function testRelease(version: string, more: Partial<Release> = {}): Release {
  return {
    version,
    createdAt: '2026-01-01T00:00:00Z',
    channels: version.includes('-') ? ['candidate'] : ['stable', 'candidate'],
    minKubernetesMinor: 30,
    envoy: '1.40.0',
    endOfLife: false,
    ...more,
  };
}
