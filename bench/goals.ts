/** One of the goals, and how this run stands to it. */
export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

/** How a run stands to its goals, in Markdown. */
export function goalTable(goals: readonly Goal[]): readonly string[] {
  return [
    '| goal | measured | met |',
    '| --- | --- | --- |',
    ...goals.map(
      ({ goal, measured, met }) => `| ${goal} | ${measured} | ${met ? 'yes' : '**no**'} |`,
    ),
  ];
}
