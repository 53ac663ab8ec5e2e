import type { OwnView } from './own-view.ts';

/** Makes every writable mount of the host read-only, for a sandbox that shares the server's user. */
const READ_ONLY = `while read -r _ _ _ _ point options _; do
point=$(printf %b "$point"); [ -e "$point" ] || continue
case $point:$options in /proc:* | /proc/*) continue ;; *:rw*) ;; *) continue ;; esac
mount -n -o "remount,bind,ro\${options#rw}" "$point" || exit 125
done < /proc/self/mountinfo`;
/** A mount that fails ends the launch: the program would see what it must not. */
const MOUNTED = 'mount -n --all --fstab "$1" || exit 125; shift; cd /tmp || exit 125';
/**
 * The first process of a PID namespace takes no signals from inside and inherits orphans: it must not be the program itself.
 * What it says of a killed program is not the program's output.
 */
const AS_FIRST = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?';

/**
 * Pure: the words before a command that start it in the view, in /tmp. By root: a mount and an IPC namespace, in which
 * mounts that root makes outside later are seen. By a user: also a user and a PID namespace. There the program is that
 * same user, holds no capability, and can neither undo a mount nor see a process outside.
 */
export function viewed(view: OwnView | null): string[] {
  if (view === null) return [];
  const namespaces = ['unshare', '--mount', '--ipc', '--propagation', 'slave'];
  if (view.by === 'root')
    return [...namespaces, '--', '/bin/sh', '-c', `${MOUNTED}; exec "$@"`, 'coldframe', view.tablePath];
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return [
    ...[...namespaces, '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--'],
    ...['/bin/sh', '-c', `${READ_ONLY}\n${MOUNTED}\n${AS_FIRST}`, 'coldframe', view.tablePath],
    ...['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'],
  ];
}
