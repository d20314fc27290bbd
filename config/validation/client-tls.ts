import type { ClientTlsSettings } from '../../crds/traffic-policy.ts';
import type { Problems } from './problem.ts';
import { each, error } from './problem.ts';

/** What a mode cannot be without, and what cannot be there with it. */
export function* checkClientTls(tls: ClientTlsSettings | undefined, path: string): Problems {
  if (tls === undefined) return;
  const { mode = 'DISABLE' } = tls;
  yield* each(tls.subjectAltNames, `${path}.subjectAltNames`, function* (name, at) {
    if (name === '') yield error(at, 'must not be empty');
  });
  if (mode === 'ISTIO_MUTUAL') {
    yield* checkAbsent(tls, path, files, 'with mode ISTIO_MUTUAL, which uses the certificates of the mesh');
    yield* checkAbsent(
      tls,
      path,
      ['credentialName'],
      'with mode ISTIO_MUTUAL, which uses the certificates of the mesh',
    );
  }
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL') return;
  if (tls.insecureSkipVerify === true) yield* checkUnverified(tls, path, mode);
  if ((tls.credentialName ?? '') !== '') yield* checkAbsent(tls, path, files, 'together with credentialName');
  else if (mode === 'MUTUAL') {
    for (const name of ['clientCertificate', 'privateKey'] as const) {
      if ((tls[name] ?? '') === '') yield error(`${path}.${name}`, 'is required for mode MUTUAL (or credentialName)');
    }
  }
}

const files = ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const;
type Text = (typeof files)[number] | 'credentialName';

function* checkAbsent(tls: ClientTlsSettings, path: string, names: readonly Text[], why: string): Problems {
  for (const name of names) {
    if ((tls[name] ?? '') !== '') yield error(`${path}.${name}`, `must not be there ${why}`);
  }
}

/** Settings that say how to verify a server make no sense where none is verified. */
function* checkUnverified(tls: ClientTlsSettings, path: string, mode: 'SIMPLE' | 'MUTUAL'): Problems {
  const why = 'together with insecureSkipVerify';
  yield* checkAbsent(tls, path, mode === 'SIMPLE' ? ['caCertificates', 'credentialName'] : ['caCertificates'], why);
  if (tls.subjectAltNames !== undefined) yield error(`${path}.subjectAltNames`, `must not be there ${why}`);
}
