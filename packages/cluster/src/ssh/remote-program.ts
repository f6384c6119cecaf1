/**
 * A program for a remote worker: constant text, and data that stays data. The arguments arrive as the bash
 * array `A`; they travel as base64, so that no character of theirs means anything to a shell.
 * @param marker unguessable word; printed on both outputs before the program's own, after what the login shell says
 * @param seconds how long we shall still listen: the variable LEFT; SECONDS counts from the program's beginning
 * @throws when an argument holds a NUL, which no shell variable can
 */
export function remoteProgram(
  program: string,
  args: readonly string[],
  marker: string,
  seconds: number,
): string {
  if (args.some((arg) => arg.includes('\0'))) throw new Error('an argument holds a NUL character');
  const data = Buffer.from(args.map((arg) => `${arg}\0`).join(''), 'utf8').toString('base64');
  return [
    PROLOGUE,
    `SECONDS=0 LEFT=${Math.max(1, Math.floor(seconds))}`,
    `A=(); while IFS= read -r -d '' value; do A+=("$value"); done < <(printf %s '`,
    ...(data.match(/.{1,76}/g) ?? []),
    `' | base64 -d)`,
    `printf '\\n%s\\n' ${marker}; printf '\\n%s\\n' ${marker} >&2`,
    program,
    '',
  ].join('\n');
}

/** What follows the marker; null when the program did not get that far. */
export function afterMarker(output: Buffer, marker: string): Buffer | null {
  const line = Buffer.from(`\n${marker}\n`);
  const at = output.indexOf(line);
  return at < 0 ? null : output.subarray(at + line.length);
}

/**
 * `clean` starts a program with nothing of the login's environment but what SLURM's clients need: SBATCH_* and
 * SLURM_* would change their meaning, the rest would leak into jobs. It takes NAME=value words before the program.
 * `frame` prints a named value with its length in bytes.
 */
const PROLOGUE = `set -u
umask 077
export LC_ALL=C
clean() {
  env -i PATH="$PATH" HOME="\${HOME:-/}" USER="\${USER:-$(id -un)}" LOGNAME="\${USER:-$(id -un)}" \\
    \${SLURM_CONF:+"SLURM_CONF=$SLURM_CONF"} "$@"
}
frame() { printf '%s %d\\n%s\\n' "$1" "\${#2}" "$2"; }`;

/**
 * Reads what `frame` printed.
 * @throws when the text is cut short or is something else
 */
export function parseFrames(output: Buffer): ReadonlyMap<string, string> {
  const frames = new Map<string, string>();
  for (let at = 0; at < output.length; ) {
    const lineEnd = output.indexOf('\n', at);
    const head = /^(\S+) (\d+)$/.exec(
      output.toString('utf8', at, lineEnd < 0 ? undefined : lineEnd),
    );
    const start = lineEnd + 1;
    const end = start + Number(head?.[2]);
    if (lineEnd < 0 || head === null || end >= output.length || output[end] !== 0x0a)
      throw new Error('the answer is cut short');
    frames.set(head[1] ?? '', output.toString('utf8', start, end));
    at = end + 1;
  }
  return frames;
}
