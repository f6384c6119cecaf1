import { createInterface } from 'node:readline';

/**
 * The child's end of `startLineChild` in Node: greets, answers each line, and ends when its parent lets go of it,
 * however that comes about.
 */
export function serveLines(greeting: object, answer: (line: string) => unknown): void {
  const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const lines = createInterface({ input: process.stdin });
  const answered = async (line: string): Promise<unknown> => await answer(line);
  lines.on('line', (line) => {
    answered(line).then(
      (value) => say(value ?? {}),
      (error: unknown) => say({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
  lines.on('close', () => process.exit(0));
  say(greeting);
}
