import { writeFile } from 'node:fs/promises';

/** Prints a result, and writes it to the files that were asked for, as JSON and as Markdown. */
export async function writeResult(
  result: unknown,
  markdown: string,
  files: { readonly json?: string | undefined; readonly markdown?: string | undefined },
): Promise<void> {
  if (files.json !== undefined) await writeFile(files.json, `${JSON.stringify(result, null, 2)}\n`);
  if (files.markdown !== undefined) await writeFile(files.markdown, markdown);
  console.log(markdown);
}
