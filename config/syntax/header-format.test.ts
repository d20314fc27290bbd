import { describe, expect, it } from 'vitest';
import { headerFormatProblem } from './header-format.ts';

describe('headerFormatProblem', () => {
  it.each([
    'plain text',
    '100%%',
    '%%%%a',
    'a%%PROTOCOL%%b',
    '%PROTOCOL%%%',
    '%REQ(:METHOD)%',
    '%REQ(x-a?:path):10%',
    '%DYNAMIC_METADATA(a:b)%',
    '%START_TIME(%Y/%m)%',
    'from %DOWNSTREAM_PEER_URI_SAN% to %UPSTREAM_HOST%',
    '%METADATA(CLUSTER:a:b)%',
    '%FILTER_STATE(a:PLAIN)%',
  ])('takes what Envoy takes: %s', (value) => {
    expect(headerFormatProblem(value)).toBeUndefined();
  });

  it.each(['50%', '%', '%%PROTOCOL%', '%nonsense%', '%NO_SUCH_COMMAND%', '%REQ%', '%REQ(a b)%', '%PROTOCOL:5%'])(
    'refuses what Envoy refuses: %s',
    (value) => {
      expect(headerFormatProblem(value)).toContain('write %% for a percent sign');
    },
  );

  it('refuses commands whose parameters only Envoy can judge', () => {
    expect(headerFormatProblem('%CEL(request.nonsense..)%')).toContain('%CEL(request.nonsense..)%');
  });
});
