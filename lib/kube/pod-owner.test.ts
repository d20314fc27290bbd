import { describe, expect, it } from 'vitest';
import { podOwner, workloadName } from './pod-owner.ts';

const ownedBy = (kind: string, name: string, controller = true) => ({
  name: 'pod-1',
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller }],
});

describe('podOwner', () => {
  it.each([
    [
      'a ReplicaSet of a Deployment',
      { ...ownedBy('ReplicaSet', 'web-5d8'), labels: { 'pod-template-hash': '5d8' } },
      'Deployment',
      'web',
    ],
    ['a ReplicaSet of its own', ownedBy('ReplicaSet', 'web-5d8'), 'ReplicaSet', 'web-5d8'],
    ['a StatefulSet', ownedBy('StatefulSet', 'db'), 'StatefulSet', 'db'],
    ['a Job of a CronJob', ownedBy('Job', 'report-29384756'), 'CronJob', 'report'],
    ['a Job of its own', ownedBy('Job', 'import-2024'), 'Job', 'import-2024'],
  ])('tells %s', (_what, metadata, kind, name) => {
    expect(podOwner(metadata)).toMatchObject({ kind, name });
    expect(workloadName(metadata)).toBe(name);
  });

  it('leaves owners out of account that do not control the pod', () => {
    expect(podOwner(ownedBy('Node', 'n1', false))).toBeUndefined();
  });
});

describe('workloadName', () => {
  it('is the name of the pod itself, or what it will begin with, where nothing controls it', () => {
    expect(workloadName({ name: 'web' })).toBe('web');
    expect(workloadName({ generateName: 'web-' })).toBe('web');
    expect(workloadName({})).toBe('');
  });
});
