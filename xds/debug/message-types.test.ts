import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { envoyTypes } from '../envoy/types.ts';
import { messageTypes } from './message-types.ts';

const isUnknown = (type: string): boolean => messageTypes().getMessage(type) === undefined;

describe('message types', () => {
  it('are all that translation may put into a resource', () => {
    const elsewhere = /^envoy\.(service\.|config\.bootstrap\.|admin\.v3\.ConfigDump$)/;
    expect(envoyTypes.filter((type) => !elsewhere.test(type) && isUnknown(type))).toEqual([]);
  });

  it('are all that translation does put into a resource', () => {
    const files = globSync('*/*.out.yaml', { cwd: new URL('../translate/testdata/', import.meta.url).pathname });
    const types = files.flatMap((file) => {
      const text = readFileSync(new URL(`../translate/testdata/${file}`, import.meta.url), 'utf8');
      return [...text.matchAll(/'@type': type\.googleapis\.com\/(\S+)/g)].map(([, type = '']) => type);
    });
    const used = [...new Set(types)];
    expect(used).toContain('envoy.extensions.clusters.dns.v3.DnsCluster');
    expect(used.filter(isUnknown)).toEqual([]);
  });
});
