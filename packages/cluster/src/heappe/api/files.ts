import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Wire } from '../wire.ts';
import { id } from './wire-types.ts';

/** SynchronizableFiles: the four files that a task's specification names. */
export const taskFileTypes = { log: 0, progress: 1, standardError: 2, standardOutput: 3 } as const;

export interface FilePart {
  readonly taskId: number;
  readonly type: number;
  readonly offset: number;
}

const part = z.object({
  Content: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  Offset: z.number().nullish(),
  FileType: z.number().int(),
  SubmittedTaskInfoId: id,
});
export type ReadPart = z.output<typeof part>;

const access = z.object({
  ServerHostname: z.string(),
  SharedBasepath: z.string(),
  Port: z.number().int().nullish(),
  Credentials: z.object({
    Username: z.string(),
    PrivateKey: z.string().nullish(),
    PublicKey: z.string().nullish(),
    Passphrase: z.string().nullish(),
  }),
});
/** A login that is good for the files of one job, for a day. */
export type FileAccess = z.output<typeof access>;

const upload = z.object({ FileName: z.string(), Succeeded: z.boolean() });
const changed = z.object({ FileName: z.string() });

/** Files of jobs (FileTransferController.cs). */
export interface FileApi {
  /** What follows the offsets, of as many files of one job as 480 bytes name; files that are not there are not in it. */
  readParts(
    jobId: number,
    parts: readonly FilePart[],
    signal: AbortSignal,
  ): Promise<readonly ReadPart[]>;
  /** Names below the job's directory, as `download` takes them. */
  list(jobId: number, signal: AbortSignal): Promise<readonly string[]>;
  download(jobId: number, name: string, signal: AbortSignal): Promise<Buffer>;
  /** Into a task's directory, in one request. @returns names of those that did not arrive. Needs `upload`. */
  upload(
    to: { readonly jobId: number; readonly taskId: number },
    files: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  requestAccess(jobId: number, signal: AbortSignal): Promise<FileAccess>;
  closeAccess(jobId: number, publicKey: string, signal: AbortSignal): Promise<void>;
}

export function createFileApi(wire: Wire): FileApi {
  return {
    async readParts(jobId, parts, signal) {
      const path = 'FileTransfer/DownloadPartsOfJobFilesFromCluster';
      const TaskFileOffsets = parts.map(({ taskId, type, offset }) => ({
        SubmittedTaskInfoId: taskId,
        FileType: type,
        Offset: offset,
      }));
      const body = { SubmittedJobInfoId: jobId, TaskFileOffsets };
      return await wire.json(
        { method: 'POST', path, body },
        z
          .array(part)
          .nullable()
          .transform((list) => list ?? []),
        signal,
      );
    },
    async list(jobId, signal) {
      const path = 'FileTransfer/ListChangedFilesForJob';
      const call = { method: 'GET', path, query: { SubmittedJobInfoId: jobId } } as const;
      const files = await wire.json(call, z.array(changed).nullable(), signal);
      return (files ?? []).map(({ FileName }) => FileName);
    },
    async download(jobId, name, signal) {
      const path = 'FileTransfer/DownloadFileFromCluster';
      const body = { SubmittedJobInfoId: jobId, RelativeFilePath: name };
      return Buffer.from(
        await wire.json({ method: 'POST', path, body }, z.string(), signal),
        'base64',
      );
    },
    async upload({ jobId, taskId }, files, signal) {
      const boundary = `wakefield-${randomBytes(16).toString('hex')}`;
      const call = {
        method: 'POST',
        path: 'FileTransfer/UploadFilesToJobExecutionDir',
        query: { JobId: jobId, TaskId: taskId },
        raw: {
          body: multipart(boundary, files),
          headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        },
        timeoutMs: wire.timeouts.submit,
      } as const;
      const results = await wire.json(call, z.array(upload), signal);
      const arrived = new Set(
        results.filter(({ Succeeded }) => Succeeded).map(({ FileName }) => FileName),
      );
      return Object.keys(files).filter((name) => !arrived.has(name));
    },
    async requestAccess(jobId, signal) {
      const path = 'FileTransfer/RequestFileTransfer';
      return await wire.json(
        { method: 'POST', path, body: { SubmittedJobInfoId: jobId } },
        access,
        signal,
      );
    },
    async closeAccess(jobId, publicKey, signal) {
      const path = 'FileTransfer/CloseFileTransfer';
      const body = { SubmittedJobInfoId: jobId, PublicKey: publicKey };
      await wire.json({ method: 'POST', path, body }, z.unknown(), signal);
    },
  };
}

/** RFC 7578; names are checked by who calls. */
function multipart(boundary: string, files: Readonly<Record<string, string>>): Buffer {
  const chunks = Object.entries(files).flatMap(([name, content]) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="files"; filename="${name}"\r\n` +
        'content-type: application/octet-stream\r\n\r\n',
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
}
