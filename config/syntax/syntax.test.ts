import { describe, expect, it } from 'vitest';
import { grpcStatusCode } from './grpc-status.ts';
import { isHeaderName, isHeaderValue } from './header-syntax.ts';
import { covers, isDnsLabel, isDnsName, isDnsNameOrWildcard, isLabelKey, isLabelValue } from './names.ts';
import { quantityAmount } from './quantity.ts';
import { checkRegularExpression, substitutionProblem } from './regular-expression.ts';

describe('names', () => {
  it('knows DNS labels, names and wildcards', () => {
    expect(['a', 'A-1', '0', 'a'.repeat(63)].every(isDnsLabel)).toBe(true);
    expect(['', '-a', 'a-', 'a_b', 'a.b', 'a'.repeat(64)].some(isDnsLabel)).toBe(false);
    expect(['a', 'a.b.c', 'example.com.', '10.0.0.1'].every(isDnsName)).toBe(true);
    expect(['', '.', 'a..b', '*.a', 'a b', `${'a.'.repeat(128)}a`].some(isDnsName)).toBe(false);
    expect(['*', '*.a', '*-b.a', 'a.b'].every(isDnsNameOrWildcard)).toBe(true);
    expect(['a.*', '**', '*a.b', '*-', ''].some(isDnsNameOrWildcard)).toBe(false);
  });

  it('knows what a wildcard covers', () => {
    expect(covers('*.example.com', 'a.b.Example.com')).toBe(true);
    expect(covers('*', 'a')).toBe(true);
    expect(covers('*.example.com', '*.a.example.com')).toBe(true);
    expect(covers('*.example.com', 'example.com')).toBe(false);
    expect(covers('a.example.com', '*.example.com')).toBe(false);
  });

  it('knows labels of Kubernetes', () => {
    expect(['app', 'app.kubernetes.io/name', 'a_b.c-d'].every(isLabelKey)).toBe(true);
    expect(['', '/a', 'a/', 'a/b/c', 'a b', '-a'].some(isLabelKey)).toBe(false);
    expect(['', 'v1', 'A_b.c'].every(isLabelValue)).toBe(true);
    expect(['a b', '-', 'a'.repeat(64)].some(isLabelValue)).toBe(false);
  });
});

describe('regular expressions', () => {
  it('counts the groups of one that RE2 takes', () => {
    expect(checkRegularExpression('(?i)^/(a)(?:b)(?P<name>c)$')).toEqual({ valid: true, groups: 2 });
  });

  it.each(['', '(', 'a(?=b)', '(?<!a)b', String.raw`(a)\1`, 'a++', 'a{1001}', '*'])(
    'says why RE2 refuses "%s"',
    (pattern) => {
      expect(checkRegularExpression(pattern)).toMatchObject({ valid: false });
    },
  );

  it('checks substitutions against the groups', () => {
    expect(substitutionProblem(String.raw`/\1\\x\0`, 1)).toBeUndefined();
    expect(substitutionProblem(String.raw`\2`, 1)).toBe(String.raw`"\2" names a group, but the expression has 1`);
    expect(substitutionProblem(String.raw`\a`, 1)).toMatch(/is neither a group/);
    expect(substitutionProblem('\\', 1)).toMatch(/is neither a group/);
  });
});

describe('headers', () => {
  it('knows names and values', () => {
    expect(isHeaderName('x-a_b')).toBe(true);
    expect(['', 'a b', ':path', 'a\n'].some(isHeaderName)).toBe(false);
    expect(isHeaderValue('a b')).toBe(true);
    expect(isHeaderValue('a\r\nb')).toBe(false);
  });
});

describe('numbers with units', () => {
  it('reads quantities', () => {
    const amounts = ['100m', '1.5', '2Ki', '1e3', 2, '1G'].map(quantityAmount);
    expect(amounts).toEqual([0.1, 1.5, 2048, 1000, 2, 1e9]);
    expect(quantityAmount('much')).toBeUndefined();
  });

  it('knows gRPC statuses by name', () => {
    expect(grpcStatusCode('UNAVAILABLE')).toBe(14);
    expect(grpcStatusCode('unavailable')).toBeUndefined();
  });
});
