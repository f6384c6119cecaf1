import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

const everyMs = 200;
const limitBytes = 64 << 20;

/**
 * Tells every new line of a log file. Services write their files themselves, so that nothing of theirs is lost
 * when this process dies; a file that grows too large is set back to empty, its content kept as `.1`.
 * @returns stops, after a last look
 */
export function followLog(file: string, onLine: (line: string) => void): () => void {
  let position = sizeOf(file);
  let rest = '';
  const look = () => {
    const size = sizeOf(file);
    if (size < position) position = 0;
    if (size === position) return;
    const text = rest + readBetween(file, position, size);
    position = size;
    const lines = text.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (size > limitBytes) {
      copyFileSync(file, `${file}.1`);
      // Its writers append, so they go on at the start.
      truncateSync(file);
      position = 0;
    }
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
  };
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

function readBetween(file: string, from: number, to: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(to - from);
    const read = readSync(descriptor, buffer, 0, buffer.length, from);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(descriptor);
  }
}
