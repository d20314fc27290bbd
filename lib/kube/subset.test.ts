import { describe, expect, it } from 'vitest';
import { appliedHashAnnotation, isApplied, stampApplied } from './subset.ts';

const metadata = { namespace: 'default', name: 'x' };
const applied = (desired: object, live: object): boolean =>
  isApplied({ metadata, ...desired }, { metadata: { ...metadata, uid: 'u', resourceVersion: '1' }, ...live });

describe('isApplied', () => {
  it('does not care for what the live object has beyond', () => {
    expect(applied({ spec: { a: 1 } }, { spec: { a: 1, b: 2 }, status: {} })).toBe(true);
    expect(applied({ spec: { a: 1 } }, { spec: { a: 2 } })).toBe(false);
    expect(applied({ spec: { a: 1 } }, {})).toBe(false);
  });

  it('finds elements of lists by their keys, in any order and among others', () => {
    const live = { spec: { containers: [{ name: 'b' }, { name: 'a', image: 'x', tty: true }] } };
    expect(applied({ spec: { containers: [{ name: 'a', image: 'x' }] } }, live)).toBe(true);
    expect(applied({ spec: { containers: [{ name: 'c' }] } }, live)).toBe(false);
    const ports = {
      spec: {
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 53, protocol: 'TCP', targetPort: 53 },
        ],
      },
    };
    expect(applied({ spec: { ports: [{ port: 53, targetPort: 53 }] } }, ports)).toBe(true);
  });

  it('takes other lists as a whole', () => {
    expect(applied({ spec: { args: ['a', 'b'] } }, { spec: { args: ['b', 'a'] } })).toBe(false);
    expect(applied({ spec: { args: ['a'] } }, { spec: { args: ['a', 'b'] } })).toBe(false);
    expect(applied({ rules: [{ verbs: ['get'] }] }, { rules: [{ verbs: ['get'], scope: '*' }] })).toBe(true);
    expect(applied({ metadata: { ...metadata, finalizers: ['a'] } }, { metadata: { finalizers: ['b', 'a'] } })).toBe(
      false,
    );
  });

  it('knows amounts that are written in another way, only where amounts stand', () => {
    const desired = { resources: { limits: { cpu: '1000m' } } };
    expect(applied(desired, { resources: { limits: { cpu: '1' } } })).toBe(true);
    expect(applied({ data: { cpu: '1000m' } }, { data: { cpu: '1' } })).toBe(false);
  });

  it('knows what the server leaves out, and what it does not', () => {
    expect(
      applied({ spec: { hostNetwork: false, value: '', list: [], nodeSelector: {}, gone: null } }, { spec: {} }),
    ).toBe(true);
    expect(applied({ spec: { automountServiceAccountToken: false } }, { spec: {} })).toBe(false);
    expect(applied({ spec: { emptyDir: {} } }, { spec: {} })).toBe(false);
  });

  it('looks for a Secret’s stringData in its data', () => {
    const desired = { stringData: { p: 'hunter2' }, data: { q: 'eA==' } };
    expect(applied(desired, { data: { p: 'aHVudGVyMg==', q: 'eA==' } })).toBe(true);
    expect(applied(desired, { data: { p: 'eA==', q: 'eA==' } })).toBe(false);
  });
});

describe('stampApplied', () => {
  it('makes a field that is no longer wished for visible', () => {
    const before = stampApplied({ metadata, data: { a: '1', b: '2' } });
    const after = stampApplied({ metadata, data: { a: '1' } });
    expect(isApplied(before, before)).toBe(true);
    expect(isApplied(after, before)).toBe(false);
  });

  it('does not depend on the order of keys', () => {
    const hash = (object: { metadata: typeof metadata; data: object }) =>
      stampApplied<typeof object & { metadata: { annotations?: Record<string, string> } }>(object).metadata.annotations;
    expect(hash({ metadata, data: { a: 1, b: 2 } })).toEqual(hash({ metadata, data: { b: 2, a: 1 } }));
    expect(Object.keys(hash({ metadata, data: {} }) ?? {})).toEqual([appliedHashAnnotation]);
  });
});
