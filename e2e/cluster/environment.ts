const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Proxies must not come between parts of a cluster, and etcd takes any of its flags from the environment. */
const unwanted = /^((http|https|all|no)_proxy|ETCD_.*)$/i;

/** The folders of a PATH, then those of system commands that a user's PATH may lack. */
export function searchFolders(path: string): readonly string[] {
  return [...new Set([...path.split(':'), ...systemFolders])].filter((folder) => folder.startsWith('/'));
}

/** This process's environment for commands that it runs: every system command can be found. */
export function commandEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, PATH: searchFolders(env['PATH'] ?? '').join(':') };
}

/** The environment for components of a cluster and for programs that talk to them. */
export function clusterEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const all = Object.entries(commandEnvironment(env));
  return Object.fromEntries(all.filter(([name]) => !unwanted.test(name)));
}
