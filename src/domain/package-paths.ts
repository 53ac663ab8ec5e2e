/** Where functions find their package, as on Lambda. */
export const TASK_ROOT = '/var/task';

const NAMED = /(?<![\w./-])\/var\/task(?=[/:,;"'\s]|$)/g;

/** A value of the environment that names files of the package, where the package lies elsewhere inside the sandbox. */
export function packagePaths(value: string, taskRoot: string): string {
  return taskRoot === TASK_ROOT ? value : value.replace(NAMED, () => taskRoot);
}
