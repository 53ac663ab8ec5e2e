// Decides what is old enough to go. Made for a schedule, and useful by hand: call it with `dryRun` to see what would happen.
// A schedule sends its time in `event.time`; a call by hand may leave it out.
const DAY_MS = 24 * 60 * 60 * 1000;

export const handler = async (event) => {
  const { items = [], keepDays = 30, keepLast = 1, dryRun = true } = event;
  const now = event.time ? new Date(event.time) : new Date();
  const newestFirst = items.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  const old = newestFirst.slice(keepLast).filter((item) => now - new Date(item.createdAt) > keepDays * DAY_MS);
  for (const item of old) {
    console.log(`${dryRun ? 'would remove' : 'removing'} ${item.id}, made ${item.createdAt}`);
    if (!dryRun) await remove(item);
  }
  return { dryRun, kept: items.length - old.length, removed: old.map((item) => item.id) };
};

// Put your own deletion here: a request to your API, a file on a share.
async function remove(_item) {}
