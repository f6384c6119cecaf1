let due: (() => void)[] = [];

/**
 * Called when all that the system has reported in this turn of the event loop was looked at. Who waits for bytes is woken by the first of them
 * and finds the rest there; what is written one after the other, as its requests come up, wakes it each time
 * (docs/adr/0024-memory-and-turns.md).
 */
export function atTurnEnd(step: () => void): void {
  due.push(step);
  if (due.length === 1) setImmediate(run);
}

function run(): void {
  const steps = due;
  due = [];
  let begun = 0;
  try {
    for (const step of steps) {
      begun += 1;
      step();
    }
  } finally {
    // One has failed, which ends this process in time: until then the others are not to wait for ever.
    if (begun < steps.length) {
      due = [...steps.slice(begun), ...due];
      setImmediate(run);
    }
  }
}
