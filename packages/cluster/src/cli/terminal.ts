/** What the commands need of the process that runs them. */
export interface Terminal {
  print(line: string): void;
  /** Asks a question that is answered by y or n; null where nobody can answer. */
  confirm(question: string): Promise<boolean | null>;
}

/** How one thing that was tried came out. */
export type Finding =
  | { readonly kind: 'good'; readonly what: string; readonly detail: string }
  | {
      readonly kind: 'bad' | 'doubtful';
      readonly what: string;
      readonly detail: string;
      /** What a person can do about it. */
      readonly remedy: string;
    };

const signs = { good: '✔', bad: '✘', doubtful: '!' } as const;

/** `✔ login  as me on login1`, and under a bad one what to do. */
export function formatFinding(finding: Finding): string {
  const line = `${signs[finding.kind]} ${finding.what.padEnd(18)} ${finding.detail}`.trimEnd();
  return finding.kind === 'good' ? line : `${line}\n    → ${finding.remedy}`;
}

export function good(what: string, detail: string): Finding {
  return { kind: 'good', what, detail };
}

export function bad(what: string, detail: string, remedy: string): Finding {
  return { kind: 'bad', what, detail, remedy };
}

export function doubtful(what: string, detail: string, remedy: string): Finding {
  return { kind: 'doubtful', what, detail, remedy };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
