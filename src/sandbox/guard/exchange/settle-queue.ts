/** Something that is finished once everything written before now has been read. */
export interface Settling {
  settle(): void;
}

let thisTurn: Settling[] = [];
let nextTurn: Settling[] = [];
let scheduled = false;

/**
 * Calls `settle` after one full poll phase of the event loop: whatever the sandbox had written into its pipes before the
 * frame we just read is readable by then, so that output can be attributed without synchronous reads. All sandboxes share
 * two lists and one immediate per turn.
 */
export function settleAfterPoll(entry: Settling): void {
  thisTurn.push(entry);
  if (!scheduled) {
    scheduled = true;
    setImmediate(turn);
  }
}

function turn(): void {
  const due = nextTurn;
  nextTurn = thisTurn;
  thisTurn = [];
  scheduled = nextTurn.length > 0;
  if (scheduled) setImmediate(turn);
  for (const entry of due) entry.settle();
}
