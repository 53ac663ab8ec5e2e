/** Where things are inside a sandbox with a root of its own, whichever driver made it. */
export const INSIDE = {
  /** The function's code. */
  task: '/var/task',
  /** The shims. */
  runtime: '/var/runtime',
  /** The folder of the channel and the output FIFOs. */
  run: '/run/coldframe',
  socket: '/run/coldframe/s',
} as const;

/** Where below /var/task a package is bound when a bind over it would not show. */
export const BENEATH = 'package';
