import type { ErrorObject } from 'ajv';

/**
 * Of a value that may be one of several things ("a number, or null"), Ajv lists what is wrong with it as each of them, and that
 * it is none. What is kept is what is wrong with it as the thing it was meant to be: alternatives of another type altogether
 * and the summary go, unless nothing else was found there.
 */
export function withoutUnionNoise(findings: readonly ErrorObject[]): ErrorObject[] {
  const unions = findings.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  let kept = [...findings];
  for (const union of unions) {
    const inside = kept.filter((one) => one.schemaPath.startsWith(`${union.schemaPath}/`));
    const meant = inside.filter((one) => one.keyword !== 'type' || one.instancePath !== union.instancePath);
    if (meant.length === 0) continue;
    kept = kept.filter((one) => one !== union && (!inside.includes(one) || meant.includes(one)));
  }
  return kept;
}
