/** What a process held at its least, near the beginning and near the end of its life. */
export interface Held {
  readonly first: number;
  readonly last: number;
}

/** One process of a service, at the looks at which it was seen. */
export interface Looks {
  readonly service: string;
  readonly values: readonly { readonly look: number; readonly value: number }[];
}

/**
 * What all processes of each service hold together, look by look, where none was missing: whose neighbour dies has its
 * clients, too.
 */
export function together(processes: readonly Looks[]): ReadonlyMap<string, readonly number[]> {
  const services = Map.groupBy(processes, ({ service }) => service);
  return new Map(
    [...services].map(([service, all]) => {
      const looks = Map.groupBy(
        all.flatMap(({ values }) => values),
        ({ look }) => look,
      );
      const most = Math.max(...[...looks.values()].map((seen) => seen.length));
      const whole = [...looks].filter(([, seen]) => seen.length === most);
      const inOrder = whole.toSorted(([a], [b]) => a - b);
      return [service, inOrder.map(([, seen]) => seen.reduce((sum, { value }) => sum + value, 0))];
    }),
  );
}

/**
 * The least of the first and of the last third. A fault lets a process hold more for a while, as every request of
 * twenty seconds has a socket; a leak lets it never again hold as little as before.
 * @param values at equal steps; at least one
 */
export function leastHeld(values: readonly number[]): Held {
  const third = Math.ceil(values.length / 3);
  return {
    first: Math.min(...values.slice(0, third)),
    last: Math.min(...values.slice(-third)),
  };
}
