import { describe, expect, it } from 'vitest';
import { protocolOf } from './protocol.ts';

describe('the protocol of a service port', () => {
  it.each([
    ['http', 'http'],
    ['http-web', 'http'],
    ['HTTP-web', 'http'],
    ['http2-web', 'http2'],
    ['grpc', 'grpc'],
    ['grpc-api', 'grpc'],
    ['grpc-web', 'grpc-web'],
    ['grpc-web-api', 'grpc-web'],
    ['https-web', 'https'],
    ['tls', 'tls'],
    ['tcp-db', 'tcp'],
    ['mongo', 'tcp'],
    ['mysql-main', 'tcp'],
    ['redis', 'tcp'],
    ['web', 'auto'],
    ['httpweb', 'auto'],
    ['web-http', 'auto'],
    ['', 'auto'],
    [undefined, 'auto'],
  ])('by the name %s is %s', (name, protocol) => {
    expect(protocolOf({ ...(name === undefined ? {} : { name }), port: 8080 })).toBe(protocol);
  });

  it.each([
    ['http', 'http'],
    ['HTTPS', 'https'],
    ['kubernetes.io/h2c', 'http2'],
    ['kubernetes.io/ws', 'http'],
    ['kubernetes.io/wss', 'tls'],
    ['grpc', 'grpc'],
  ])('by appProtocol %s is %s, whatever the name says', (appProtocol, protocol) => {
    expect(protocolOf({ name: 'tcp-x', appProtocol, port: 8080 })).toBe(protocol);
  });

  it('is that of the name where appProtocol says nothing that is known', () => {
    expect(protocolOf({ name: 'http-web', appProtocol: 'example.com/own', port: 8080 })).toBe('http');
  });

  it.each([25, 53, 3306, 27017])(
    'is tcp on port %i, where servers speak first, unless something says otherwise',
    (port) => {
      expect(protocolOf({ name: 'x', port })).toBe('tcp');
      expect(protocolOf({ name: 'http', port })).toBe('http');
    },
  );
});
