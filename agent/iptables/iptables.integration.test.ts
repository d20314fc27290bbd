import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const namespace = `meltemi-${process.pid}`;
const peer = `meltemi-${process.pid}p`;
const command = fileURLToPath(new URL('command.ts', import.meta.url));

/** Why this machine can't have network namespaces with rules; undefined when it can. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'exec', namespace, 'iptables-nft-save', '-t', 'nat'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const why = obstacle();
const processes: ChildProcess[] = [];

function run(...args: readonly string[]): string {
  const [program = '', ...rest] = args;
  return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
const inPod = (...args: readonly string[]): string => run('ip', 'netns', 'exec', namespace, ...args);

function capture(...flags: readonly string[]): void {
  const script = `import { runIptables } from ${JSON.stringify(command)};
    import { silentLogger } from ${JSON.stringify(fileURLToPath(new URL('../../lib/logger.ts', import.meta.url)))};
    runIptables(${JSON.stringify(flags)}, silentLogger);`;
  inPod(process.execPath, '--input-type=module', '--eval', script);
}

/** Listens in the pod on each port and answers every connection by the port's number. */
async function answerOn(ports: readonly number[]): Promise<void> {
  const script = `const net = require('node:net'); let open = 0;
    for (const port of ${JSON.stringify(ports)})
      net.createServer((socket) => socket.on('error', () => {}).end(String(port))).listen(port, '::', () => {
        if (++open === ${ports.length}) console.log('ready');
      });`;
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

/** Who answers a connection from the namespace, by port; `refused` for nobody. */
function whoAnswers(from: string, user: number, host: string, port: number, source = ''): string {
  const script = `const [user, host, port, localAddress] = process.argv.slice(1); process.setgroups([]); process.setgid(+user); process.setuid(+user);
    const socket = require('node:net').connect({ host, port: +port, timeout: 2000, ...(localAddress ? { localAddress } : {}) });
    let text = ''; socket.on('data', (data) => (text += data)); socket.on('end', () => console.log(text));
    socket.on('timeout', () => socket.destroy(new Error())); socket.on('error', () => console.log('refused'));`;
  return run(
    'ip',
    'netns',
    'exec',
    from,
    process.execPath,
    '-e',
    script,
    String(user),
    host,
    String(port),
    source,
  ).trim();
}

describe.skipIf(why !== undefined)(
  `capture in a network namespace${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    beforeAll(async () => {
      run('ip', 'netns', 'add', peer);
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
      run('ip', '-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', peer);
      for (const [where, last] of [
        [namespace, 2],
        [peer, 1],
      ] as const) {
        run('ip', '-n', where, 'link', 'set', 'eth0', 'up');
        run('ip', '-n', where, 'addr', 'add', `10.99.0.${last}/24`, 'dev', 'eth0');
        run('ip', '-n', where, '-6', 'addr', 'add', `fd99::${last}/64`, 'dev', 'eth0', 'nodad');
      }
      run('ip', '-n', namespace, 'route', 'add', 'default', 'via', '10.99.0.1');
      await answerOn([15001, 15006, 15020, 8080]);
      capture('-p', '15001', '-z', '15006', '-d', '15020', '-x', '10.1.0.0/16');
    }, 30_000);

    afterAll(() => {
      for (const child of processes) child.kill();
      for (const name of [namespace, peer]) run('ip', 'netns', 'del', name);
    });

    it('sends what the application asks for to the outbound port', () => {
      expect(whoAnswers(namespace, 1000, '192.0.2.1', 80)).toBe('15001');
      expect(whoAnswers(namespace, 1000, 'fd99::1', 80)).toBe('15001');
    });

    it('leaves alone what the proxy sends, and what is excluded', () => {
      expect(whoAnswers(namespace, 1337, '10.99.0.1', 80)).toBe('refused');
      expect(whoAnswers(namespace, 1000, '10.1.2.3', 80)).toBe('refused');
      expect(whoAnswers(namespace, 1000, '127.0.0.1', 8080)).toBe('8080');
    });

    it('sends what comes from outside to the inbound port, but for the excluded ports', () => {
      expect(whoAnswers(peer, 0, '10.99.0.2', 8080)).toBe('15006');
      expect(whoAnswers(peer, 0, 'fd99::2', 8080)).toBe('15006');
      expect(whoAnswers(peer, 0, '10.99.0.2', 15020)).toBe('15020');
    });

    it('sends a call of the proxy to its own pod through the inbound side, but not what it forwards to the application', () => {
      expect(whoAnswers(namespace, 1337, '10.99.0.2', 8080)).toBe('15006');
      expect(whoAnswers(namespace, 1337, '10.99.0.2', 8080, '127.0.0.6')).toBe('8080');
      expect(whoAnswers(namespace, 1337, 'fd99::2', 8080, '::6')).toBe('8080');
    });

    it('is the same after a second time, and as the last call says after another', () => {
      const saved = (): string => inPod('iptables-nft-save', '-t', 'nat').replaceAll(/^#.*$|\[.*\]/gm, '');
      const before = saved();
      capture('-p', '15001', '-z', '15006', '-d', '15020', '-x', '10.1.0.0/16');
      expect(saved()).toBe(before);
      capture('-b', '9090', '-i', '10.2.0.0/16');
      expect(saved()).toContain('-A ISTIO_INBOUND -p tcp -m tcp --dport 9090 -j ISTIO_IN_REDIRECT');
      expect(saved()).not.toContain('15020');
      expect(whoAnswers(namespace, 1000, '10.2.0.1', 80)).toBe('15001');
      expect(whoAnswers(peer, 0, '10.99.0.2', 8080)).toBe('8080');
    });

    it('fails with a word of the tool where it may not set rules', () => {
      expect(() =>
        run(
          'setpriv',
          '--bounding-set=-all',
          '--inh-caps=-all',
          '--reuid=1000',
          '--clear-groups',
          process.execPath,
          '--input-type=module',
          '--eval',
          `
      import { applyRules } from ${JSON.stringify(command.replace('command.ts', 'apply.ts'))};
      import { captureRules } from ${JSON.stringify(command.replace('command.ts', 'rules.ts'))};
      import { defaultCaptureOptions } from ${JSON.stringify(command.replace('command.ts', 'capture-options.ts'))};
      import { silentLogger } from ${JSON.stringify(fileURLToPath(new URL('../../lib/logger.ts', import.meta.url)))};
      applyRules(captureRules(defaultCaptureOptions, 4), silentLogger);`,
        ),
      ).toThrow(/Permission denied|Operation not permitted/);
    });
  },
);
