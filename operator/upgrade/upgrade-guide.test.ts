import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { upgradePhases } from '../../crds/mesh-upgrade.ts';
import { upgradeReasons } from './upgrade-events.ts';
import { upgradeSpec } from './upgrade-world.testing.ts';

const page = readFileSync(new URL('../../docs/guide/upgrade.md', import.meta.url), 'utf8');

describe('the guide to upgrades', () => {
  const gates = Object.keys(upgradeSpec().gates).filter((name) => name !== 'timeout');
  it.each([...upgradePhases, ...gates])('explains %s', (word) => {
    expect(page).toMatch(new RegExp(`^\\| \`${word}\` `, 'm'));
  });

  it.each(Object.values(upgradeReasons))('names the Event %s', (reason) => {
    expect(page).toContain(`\`${reason}\``);
  });
});
