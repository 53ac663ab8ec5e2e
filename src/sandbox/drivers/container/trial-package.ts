import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeRef } from '../../../contract/driver.ts';
import { MIB } from '../../../domain/limits.ts';

/** A file that makes the package too large to be copied; it has a size and takes no space. */
const FILLER_BYTES = 2 * MIB;
const FOLDER = 'dependencies';
const PROOF = 'proof';

export interface TrialPackage {
  code: CodeRef;
  /** Path below the package, in a folder of it, of a file that holds `proof`. */
  proofPath: string;
  proof: string;
}

/**
 * A package as large as those that are bound into running containers, with a folder in it as dependency sets have one. Made once
 * in `directory`, which must be the server's own; found again afterwards.
 */
export async function trialPackage(directory: string): Promise<TrialPackage> {
  const path = join(directory, '.trial-package');
  const proofPath = join(FOLDER, PROOF);
  const read = () => readFile(join(path, proofPath), 'utf8').catch(() => null);
  const proof = (await read()) ?? (await make(path, directory)) ?? (await read());
  if (proof === null) throw new Error('the package for the trial could not be made');
  return {
    code: { sha256: `trial-${proof}`, workspaceId: 'trial', path, fileCount: 2 },
    proofPath,
    proof,
  };
}

/** Null when another probe was first. */
async function make(path: string, directory: string): Promise<string | null> {
  const proof = randomBytes(16).toString('hex');
  const partial = join(directory, `.trial-${proof}`);
  await mkdir(join(partial, FOLDER), { recursive: true, mode: 0o755 });
  await writeFile(join(partial, FOLDER, PROOF), proof, { mode: 0o444 });
  await writeFile(join(partial, 'filler'), '', { mode: 0o644 });
  await truncate(join(partial, 'filler'), FILLER_BYTES);
  try {
    await rename(partial, path);
    return proof;
  } catch {
    await rm(partial, { recursive: true, force: true });
    return null;
  }
}
