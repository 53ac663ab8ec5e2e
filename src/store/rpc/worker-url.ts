/** The address of a worker's entry file beside `base`: TypeScript in a clone, JavaScript in a published package. */
export function workerUrl(name: string, base: string): URL {
  return new URL(`${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base);
}
