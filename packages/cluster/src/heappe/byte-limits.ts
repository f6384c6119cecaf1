import { HeappeError } from './failures.ts';
import type { Features } from './features.ts';

/**
 * Bytes that HEAppE takes of a request's body, by its action (the attribute RequestSizeLimit in RestApi/Controllers at
 * V6.3.2; those that changed are in the table of features). Checked before anything is sent, since what comes
 * back for a longer one is a bare 413.
 */
const limits: Readonly<Record<string, number>> = {
  'JobManagement/SubmitJob': 94,
  'JobManagement/CancelJob': 98,
  'JobManagement/DeleteJob': 120,
  'JobManagement/DryRunJob': 250_000,
  'FileTransfer/RequestFileTransfer': 98,
  'FileTransfer/CloseFileTransfer': 4700,
  'FileTransfer/DownloadPartsOfJobFilesFromCluster': 480,
  'FileTransfer/DownloadFileFromCluster': 700,
  'DataTransfer/RequestDataTransfer': 170,
  'DataTransfer/CloseDataTransfer': 220,
  'DataTransfer/HttpGetToJobNode': 50_000,
  'Management/CommandTemplateParameter': 500,
  'Management/RemoveCommandTemplate': 90,
};

const changed: Readonly<Record<string, (features: Features) => number>> = {
  'JobManagement/CreateJob': ({ createJobBytes }) => createJobBytes,
  'DataTransfer/HttpPostToJobNode': ({ postBytes }) => postBytes,
  'DataTransfer/HttpPostToJobNodeStream': ({ postBytes }) => postBytes,
  'Management/CommandTemplate': ({ template }) => template.bytes,
};

/** @throws HeappeError of status 413, kind refused, naming the limit */
export function checkLength(path: string, body: string, features: Features): void {
  const limit = changed[path]?.(features) ?? limits[path];
  const bytes = Buffer.byteLength(body);
  if (limit === undefined || bytes <= limit) return;
  const detail = `the request has ${bytes} bytes as JSON, HEAppE takes ${limit}`;
  throw new HeappeError('refused', `${path}: ${detail}`, { status: 413, detail });
}
