/** Larger texts make an editor slow, and belong into a zip. */
const FILE_MAX_BYTES = 1024 * 1024;
const FILES_MAX = 50;

export interface DroppedFiles {
  /** The first zip among them: it is deployed as it is. */
  zip: File | null;
  texts: { path: string; text: string }[];
  /** What could not be taken, in words. */
  refused: string[];
}

/** What was dropped, read as text where it is text. */
export async function readDropped(files: readonly File[]): Promise<DroppedFiles> {
  const zip = files.find((file) => /\.zip$/i.test(file.name)) ?? null;
  const others = files.filter((file) => !/\.zip$/i.test(file.name));
  const texts: DroppedFiles['texts'] = [];
  const refused: string[] = [];
  for (const file of others.slice(0, FILES_MAX)) {
    const text = file.size > FILE_MAX_BYTES ? null : await readText(file);
    if (text !== null) texts.push({ path: file.name, text });
    else
      refused.push(
        `${file.name} is ${file.size > FILE_MAX_BYTES ? 'larger than 1 MiB' : 'not text'}; deploy a zip that holds it.`,
      );
  }
  if (others.length > FILES_MAX) refused.push(`Only the first ${FILES_MAX} files were taken; deploy a zip for more.`);
  return { zip, texts, refused };
}

/** Null when it is not UTF-8 text (or a folder, which browsers hand over as a file that cannot be read). */
async function readText(file: File): Promise<string | null> {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    return bytes.includes(0) ? null : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
