import { describe, expect, it } from 'vitest';
import { findCommand, missingPackages } from './debian-packages.ts';

describe('findCommand', () => {
  it('finds a command also where PATH doesn’t lead to it', () => {
    expect(findCommand('sh', '/nowhere')).toMatch(/\/sh$/);
    expect(findCommand('/bin/sh')).toBe('/bin/sh');
  });

  it('finds nothing that isn’t there', () => {
    expect(findCommand('no-such-command')).toBeUndefined();
    expect(findCommand('/no/such/file')).toBeUndefined();
  });
});

it('missingPackages are those whose file isn’t there', () => {
  const packages = [
    { name: 'dash', provides: 'sh' },
    { name: 'nothing', provides: '/no/such/file' },
  ];
  expect(missingPackages(packages).map(({ name }) => name)).toEqual(['nothing']);
});
