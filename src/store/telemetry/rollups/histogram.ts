/** Buckets per doubling: a value read back is off by at most 4.5%. Fixed for good, so that histograms of any age merge. */
const BUCKETS_PER_DOUBLING = 8;
/** Lower bound of bucket 1, in ms. Everything below is in bucket 0. */
const SMALLEST_MS = 0.01;
/** Buckets reach up to about 23 minutes, well over the longest call. Longer durations are in the last bucket. */
export const BUCKET_LAST = 27 * BUCKETS_PER_DOUBLING;

/** The bucket of a duration on the fixed logarithmic scale. */
export function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  const bucket = 1 + Math.floor(Math.log2(ms / SMALLEST_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, BUCKET_LAST);
}

/** The duration that a bucket stands for: the geometric middle of its bounds. */
export function bucketMs(bucket: number): number {
  if (bucket === 0) return SMALLEST_MS;
  return SMALLEST_MS * 2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING);
}

/** Counts by bucket; merging two is adding them up. */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += count;
  }

  get total(): number {
    return this.#total;
  }

  /** The sum of all counted durations, within 4.5%. */
  get sumMs(): number {
    let sum = 0;
    for (const [bucket, count] of this.#counts) sum += count * bucketMs(bucket);
    return sum;
  }

  /**
   * The smallest kept value that at least the share `quantile` of all values does not exceed. Null when nothing was
   * counted.
   */
  percentileMs(quantile: number): number | null {
    if (this.#total === 0) return null;
    const rank = Math.max(1, Math.ceil(quantile * this.#total));
    let seen = 0;
    for (const bucket of [...this.#counts.keys()].sort((a, b) => a - b)) {
      seen += this.#counts.get(bucket)!;
      if (seen >= rank) return rounded(bucketMs(bucket));
    }
    return null;
  }
}

/** The buckets know no more than three digits. */
function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}
