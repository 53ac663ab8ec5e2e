/** Sizes of statements over several rows. Few, so that each keeps one text, which is prepared once. */
const SIZES = [64, 8, 1] as const;

/** Hands all items over in groups of a few fixed sizes, in order. */
export async function inChunks<T>(items: readonly T[], run: (chunk: readonly T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; ) {
    const size = SIZES.find((one) => one <= items.length - at)!;
    await run(items.slice(at, at + size));
    at += size;
  }
}
