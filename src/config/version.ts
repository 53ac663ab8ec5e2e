import { readFileSync } from 'node:fs';

/** The package's version; read from package.json, which lies beside src/ and dist/ alike. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
