import { spawn } from 'node:child_process';
import type { BoxExit } from '../../contract/driver.ts';
import type { SandboxCgroup } from '../cgroup/sandbox-cgroup.ts';
import { closeInherited } from './close-inherited.ts';
import { environmentScript } from './environment-script.ts';
import { LaunchedProcess } from './launched-process.ts';
import type { OwnView } from './own-view.ts';
import { viewed } from './viewed.ts';

/** Files a sandbox may have open at once. */
export const FILES_MAX = 1_024;
/** Sandboxes are killed for memory before anything else on the host; raising the score needs no permission. */
const OOM_SCORE_ADJ = 500;
/** Descriptor numbers as the launched program sees them. */
export const INPUT_FD = 3;
export const FILE_FD = 4;

export interface LaunchOptions {
  /** Program and arguments. Absolute path: nothing is searched. */
  command: string[];
  /** The whole environment of the program; the server's own never leaks in. */
  env: Record<string, string>;
  cwd: string;
  /** FIFOs that take what it prints. When null, one pipe takes both streams and `LaunchedProcess.output` reads it. */
  output: { stdoutPath: string; stderrPath: string } | null;
  cgroup: SandboxCgroup | null;
  /** Also the gid. When null, it runs as the server's user. */
  uid: number | null;
  /**
   * Supplementary groups besides the uid's own, which a device of the host asks for. When absent, there are no others.
   */
  groups?: readonly number[];
  /** RLIMIT_NPROC. It is set only with a uid of its own, since it counts all processes of the uid. */
  processesMax: number;
  /** False only for a launcher that is set-uid itself. */
  noNewPrivileges: boolean;
  /** What the program reads on INPUT_FD. It stays off the command line, which every user of the host can read. */
  input?: Buffer;
  /** A file opened as FILE_FD before privileges are dropped. */
  filePath?: string;
  /** The number of sockets to the server, from CONNECTION_FD on. `LaunchedProcess.connections` are their other ends. */
  connections?: number;
  /** Gives it a network namespace with nothing in it. Only where the server is root; otherwise it changes nothing. */
  hasOwnNetwork?: boolean;
  /** Gives it a mount namespace of its own, and more, as the view says. When absent or null, it sees the server's. */
  view?: OwnView | null;
  /** Path of a network namespace to start it in. Only where the server is root. */
  networkNamespace?: string;
  /**
   * Translates how the launched program ended. Needed when that program is only the parent of the one we care about.
   */
  readExit?: (exit: BoxExit) => BoxExit;
}

/**
 * Starts a program as a sandbox: in its cgroup before it can fork, with its own session, uid, rlimits and output FIFOs, its
 * stdin empty. One shell does what needs root and then becomes the program; user-chosen variables (LD_PRELOAD among them)
 * are set only behind the change of uid, and never stand on a command line.
 */
export function launch(options: LaunchOptions): LaunchedProcess {
  closeInherited();
  const { cgroup, uid, output } = options;
  const groups = cgroup?.paths ?? [];
  const fifos = output === null ? [] : [output.stdoutPath, output.stderrPath];
  const args = [
    options.networkNamespace ?? '',
    String(groups.length),
    ...groups,
    options.filePath ?? '/dev/null',
    ...fifos,
  ];
  const connections = Array.from({ length: options.connections ?? 0 }, () => 'pipe' as const);
  const program = [...viewed(options.view ?? null), ...asSandbox(options)];
  const child = spawn('/bin/sh', ['-c', script(options), 'coldframe', ...args, ...program], {
    cwd: options.cwd,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    detached: true,
    stdio: ['pipe', output === null ? 'pipe' : 'ignore', 'ignore', 'pipe', 'ignore', ...connections],
  });
  child.stdin?.on('error', () => undefined).end(environmentScript(options.env));
  const input = child.stdio[INPUT_FD] as NodeJS.WritableStream & { destroy(): void };
  // The program may be gone before it has read. Its exit says so.
  input.on('error', () => undefined);
  input.end(options.input ?? '');
  return new LaunchedProcess({ child, cgroup, uid, readExit: options.readExit ?? ((exit) => exit) });
}

/** `echo 0` moves the writer itself. A group that cannot be joined ends the launch: it would run without its limits. */
function script(options: LaunchOptions): string {
  const max = options.processesMax;
  // The same limit has another letter in bash.
  const processes =
    options.uid === null ? '' : `if [ -n "$BASH_VERSION" ]; then ulimit -u ${max}; else ulimit -p ${max}; fi`;
  const input = options.input === undefined ? `exec ${INPUT_FD}<&-` : '';
  const filter = options.filePath === undefined ? `exec ${FILE_FD}<&-` : `exec ${FILE_FD}<"$1" || exit 125`;
  const output = options.output === null ? 'exec 2>&1; shift' : 'exec >"$2" 2>"$3"; shift 3';
  const network = options.hasOwnNetwork && options.uid !== null ? 'unshare --net -- ' : '';
  const joined = options.networkNamespace === undefined ? '' : 'nsenter "--net=$network" -- ';
  return `network=$1; shift; n=$1; shift
while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; n=$((n-1)); done
ulimit -c 0; ulimit -n ${FILES_MAX}
echo ${OOM_SCORE_ADJ} > /proc/self/oom_score_adj
${processes}
${filter}
${input}
${output}
exec ${network}${joined}"$@"`;
}

/** The environment comes by stdin, past everything that runs with more rights than the sandbox. */
function asSandbox({ uid, groups = [], noNewPrivileges, command }: LaunchOptions): string[] {
  const program = ['/bin/sh', '-s', ...command];
  const flags = noNewPrivileges ? ['--no-new-privs'] : [];
  if (uid === null) return flags.length > 0 ? ['setpriv', ...flags, '--', ...program] : program;
  const supplementary = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  const own = [`--reuid=${uid}`, `--regid=${uid}`, supplementary, '--inh-caps=-all', '--bounding-set=-all'];
  return ['setpriv', ...own, ...flags, '--', ...program];
}
