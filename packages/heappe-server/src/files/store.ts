import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What upload calls say of a file. */
interface Stored {
  readonly FileName: string;
  readonly Succeeded: boolean;
  readonly Path: string | null;
}

/** As a part first, then renamed; with the account's usual mode. */
export function store(directory: string, name: string, bytes: Buffer): Stored {
  // FileSystemUtils.SanitizePath.
  const file = join(
    directory,
    name.replaceAll('/', '_').replaceAll('..', '__').replaceAll(':', '_'),
  );
  try {
    writeFileSync(`${file}.part`, bytes, { mode: 0o644 });
    renameSync(`${file}.part`, file);
    return { FileName: name, Succeeded: true, Path: file };
  } catch {
    return { FileName: name, Succeeded: false, Path: null };
  }
}
