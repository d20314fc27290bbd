/** A header name: a token of RFC 9110, 5.6.2. Envoy refuses others, with everything else in the same resource. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const lineEnds = /[\0\r\n]/;
/** Envoy's bound on names and values of headers that it adds, in bytes. */
const maxBytes = 16_384;

export function isHeaderName(name: string): boolean {
  return token.test(name) && name.length <= maxBytes;
}

/** Whether Envoy takes the text as the value of a header: no line ends, no NUL, at most 16 KiB. */
export function isHeaderValue(value: string): boolean {
  return !lineEnds.test(value) && Buffer.byteLength(value) <= maxBytes;
}

/** Whether the name stands for the authority of a request: `Host` or `:authority`. */
export function isAuthority(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'host' || lower === ':authority';
}
