import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
} from 'node:fs/promises';
import { join, normalize } from 'node:path';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

type Opened =
  | { readonly kind: 'file'; readonly handle: FileHandle }
  | { readonly kind: 'directory'; readonly path: string; listed: boolean };

/** Serves SFTP below one directory with this process's rights. */
export function serveSftp(sftp: SFTPWrapper, root: string): void {
  const opened = new Map<number, Opened>();
  let last = 0;
  const keep = (entry: Opened): Buffer => {
    last += 1;
    opened.set(last, entry);
    const name = Buffer.alloc(4);
    name.writeUInt32BE(last);
    return name;
  };
  const of = (name: Buffer) => opened.get(name.length === 4 ? name.readUInt32BE() : -1);
  const fileOf = (name: Buffer) => {
    const entry = of(name);
    if (entry?.kind !== 'file') throw new Error('no such handle');
    return entry.handle;
  };
  /** @throws Error EACCES for anything outside */
  const inside = (path: string) => {
    const absolute = normalize(path.startsWith('/') ? path : join(root, path));
    if (absolute !== root && !absolute.startsWith(`${root}/`)) {
      throw Object.assign(new Error('outside'), { code: 'EACCES' });
    }
    return absolute;
  };
  const answer = (id: number, work: () => Promise<void>) => {
    work().catch((error: unknown) => sftp.status(id, statusOf(error)));
  };
  /** For calls whose answer is but a status. */
  const done = (id: number, work: () => Promise<unknown>) =>
    answer(id, async () => {
      await work();
      sftp.status(id, STATUS_CODE.OK);
    });

  sftp.on('REALPATH', (id, path) => {
    const absolute = path === '.' || path === '' ? root : normalize(join('/', path));
    sftp.name(id, [{ filename: absolute, longname: absolute, attrs: noAttributes }]);
  });
  sftp.on('OPEN', (id, path, flags, attributes) =>
    answer(id, async () => {
      const handle = await open(inside(path), modeOf(flags), attributes.mode ?? 0o644);
      sftp.handle(id, keep({ kind: 'file', handle }));
    }),
  );
  sftp.on('READ', (id, name, offset, length) =>
    answer(id, async () => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await fileOf(name).read(buffer, 0, length, offset);
      if (bytesRead === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (id, name, offset, bytes) =>
    done(id, () => fileOf(name).write(bytes, 0, bytes.length, offset)),
  );
  sftp.on('CLOSE', (id, name) =>
    done(id, async () => {
      const entry = of(name);
      if (entry?.kind === 'file') await entry.handle.close();
      opened.delete(name.readUInt32BE());
    }),
  );
  sftp.on('FSTAT', (id, name) =>
    answer(id, async () => sftp.attrs(id, attributesOf(await fileOf(name).stat()))),
  );
  sftp.on('STAT', (id, path) =>
    answer(id, async () => sftp.attrs(id, attributesOf(await stat(inside(path))))),
  );
  sftp.on('LSTAT', (id, path) =>
    answer(id, async () => sftp.attrs(id, attributesOf(await lstat(inside(path))))),
  );
  sftp.on('SETSTAT', (id, path, attributes) => done(id, () => change(inside(path), attributes)));
  sftp.on('FSETSTAT', (id, name, { mode }) =>
    done(id, async () => mode !== undefined && fileOf(name).chmod(mode & 0o7777)),
  );
  sftp.on('OPENDIR', (id, path) =>
    answer(id, async () => {
      await readdir(inside(path));
      sftp.handle(id, keep({ kind: 'directory', path: inside(path), listed: false }));
    }),
  );
  sftp.on('READDIR', (id, name) =>
    answer(id, async () => {
      const entry = of(name);
      if (entry?.kind !== 'directory') throw new Error('no such handle');
      if (entry.listed) return sftp.status(id, STATUS_CODE.EOF);
      entry.listed = true;
      sftp.name(id, await namesIn(entry.path));
    }),
  );
  sftp.on('MKDIR', (id, path, { mode }) =>
    done(id, () => mkdir(inside(path), { mode: mode ?? 0o755 })),
  );
  sftp.on('RMDIR', (id, path) => done(id, () => rmdir(inside(path))));
  sftp.on('REMOVE', (id, path) => done(id, () => rm(inside(path))));
  sftp.on('RENAME', (id, from, to) => done(id, () => rename(inside(from), inside(to))));
}

const noAttributes: Attributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 };

function attributesOf(found: Awaited<ReturnType<typeof stat>>): Attributes {
  return {
    mode: Number(found.mode),
    uid: Number(found.uid),
    gid: Number(found.gid),
    size: Number(found.size),
    atime: Math.floor(Number(found.atimeMs) / 1000),
    mtime: Math.floor(Number(found.mtimeMs) / 1000),
  };
}

async function namesIn(directory: string) {
  const names = await readdir(directory);
  const entries = await Promise.all(
    names.map(async (filename) => {
      const found = await lstat(join(directory, filename)).catch(() => null);
      if (found === null) return [];
      return [{ filename, longname: filename, attrs: attributesOf(found) }];
    }),
  );
  return entries.flat();
}

async function change(path: string, { mode, atime, mtime }: Partial<Attributes>): Promise<void> {
  if (mode !== undefined) await chmod(path, mode & 0o7777);
  if (atime !== undefined && mtime !== undefined) await utimes(path, atime, mtime);
}

function modeOf(flags: number): string {
  const writes = (flags & OPEN_MODE.WRITE) !== 0;
  const reads = (flags & OPEN_MODE.READ) !== 0;
  if (!writes) return 'r';
  if ((flags & OPEN_MODE.APPEND) !== 0) return reads ? 'a+' : 'a';
  const exclusive = (flags & OPEN_MODE.EXCL) !== 0 ? 'x' : '';
  if ((flags & OPEN_MODE.TRUNC) !== 0 || (flags & OPEN_MODE.CREAT) !== 0) {
    return `w${exclusive}${reads ? '+' : ''}`;
  }
  return 'r+';
}

function statusOf(error: unknown): number {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return STATUS_CODE.NO_SUCH_FILE;
    case 'EACCES':
    case 'EPERM':
      return STATUS_CODE.PERMISSION_DENIED;
    default:
      return STATUS_CODE.FAILURE;
  }
}
