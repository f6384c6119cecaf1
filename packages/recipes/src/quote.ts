/**
 * One bash word that expands to exactly this text. Control characters are written as escapes, so that the
 * word stays on one line: a line break must not start a new `#SBATCH` line, and sbatch refuses carriage returns.
 * @throws Error on NUL, which no argument can hold
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new Error('a shell word cannot hold NUL');
  if (text === '') return "''";
  if (/^[A-Za-z0-9_/.:=@%+,-]+$/.test(text)) return text;
  if (!hasControl(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${[...text].map(escapeCharacter).join('')}'`;
}

function hasControl(text: string): boolean {
  return [...text].some(isControl);
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x7f;
}

function escapeCharacter(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`;
  if (!isControl(character)) return character;
  // Three octal digits: nothing that follows can be taken for a part of it.
  return `\\${(character.codePointAt(0) ?? 0).toString(8).padStart(3, '0')}`;
}
