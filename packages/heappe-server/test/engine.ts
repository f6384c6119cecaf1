import { join } from 'node:path';
import type { Answer, RunningJob, Scene } from './heappe.ts';

/** A job that serves HTTP, with a tunnel to it. */
export interface Engine extends RunningJob {
  readonly address: string;
  readonly port: number;
  /** Fields of every call that goes through the tunnel. */
  readonly through: Readonly<Record<string, unknown>>;
  open(): Promise<Answer>;
  get(path: string, change?: object): Promise<Answer>;
  post(path: string, payload: string, change?: object): Promise<Answer>;
  stream(path: string, payload: string, change?: object): Promise<Response>;
  /** Text of a file of its directory; null while there is none. */
  file(name: string): Promise<string | null>;
}

const json = { Name: 'Content-Type', Value: 'application/json' };

export async function startEngine(
  scene: Scene,
  taskField = 'SubmittedTaskInfoId',
): Promise<Engine> {
  const program = join(import.meta.dirname, 'engine.mjs');
  const job = await scene.run({ lines: [`exec '${process.execPath}' '${program}'`] });
  const seen = await scene.jobUntil(job.id, ({ State }) => State === 8);
  const file: Engine['file'] = async (name) => {
    const list = await scene.call(
      'GET',
      `FileTransfer/ListChangedFilesForJob?sessionCode=${job.session}&submittedJobInfoId=${job.id}`,
    );
    const found = list.json.find(({ FileName }: { FileName: string }) =>
      FileName.endsWith(`/${name}`),
    );
    if (found === undefined) return null;
    const answer = await scene.call('POST', 'FileTransfer/DownloadFileFromCluster', {
      SubmittedJobInfoId: job.id,
      RelativeFilePath: found.FileName,
      SessionCode: job.session,
    });
    return Buffer.from(answer.json, 'base64').toString('utf8');
  };
  let port: string | null = null;
  while (port === null) port = await file('port');
  const address: string = seen.Tasks[0].AllocatedCoreIds[0];
  const through = {
    [taskField]: job.taskId,
    NodeIPAddress: address,
    NodePort: Number(port),
    SessionCode: job.session,
  };
  const body = (path: string, payload: string | null, change: object) => ({
    ...through,
    HttpRequest: path,
    HttpHeaders: [json],
    ...(payload === null ? {} : { HttpPayload: payload }),
    ...change,
  });
  return {
    ...job,
    address,
    port: Number(port),
    through,
    file,
    open: () =>
      scene.call('POST', 'DataTransfer/RequestDataTransfer', {
        [taskField]: job.taskId,
        IpAddress: address,
        Port: Number(port),
        SessionCode: job.session,
      }),
    get: (path, change = {}) =>
      scene.call('POST', 'DataTransfer/HttpGetToJobNode', body(path, null, change)),
    post: (path, payload, change = {}) =>
      scene.call('POST', 'DataTransfer/HttpPostToJobNode', body(path, payload, change)),
    stream: (path, payload, change = {}) =>
      fetch(`${scene.server.url}/heappe/DataTransfer/HttpPostToJobNodeStream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body(path, payload, change)),
      }),
  };
}
