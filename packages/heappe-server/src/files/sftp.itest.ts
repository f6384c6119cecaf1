import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import ssh2, { type SFTPWrapper } from 'ssh2';
import { openScene, type Scene } from '../../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ version: '6.0' });
});
afterAll(() => scene.stop());

// biome-ignore lint/suspicious/noExplicitAny: wire data
function connect(method: any): Promise<{ client: ssh2.Client; sftp: SFTPWrapper }> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on('error', reject);
    client.on('ready', () => {
      client.sftp((error, sftp) => (error ? reject(error) : resolve({ client, sftp })));
    });
    client.connect({
      host: method.ServerHostname,
      port: method.Port,
      username: method.Credentials.Username,
      privateKey: method.Credentials.PrivateKey,
    });
  });
}

const promised = <T>(work: (done: (error?: Error | null, value?: T) => void) => void) =>
  new Promise<T | undefined>((resolve, reject) => {
    work((error, value) => (error ? reject(error) : resolve(value)));
  });

test('a temporary key opens the job’s directory, before it is submitted and after it ran', async () => {
  const session = await scene.session('submitter');
  const created = await scene.call('POST', 'JobManagement/CreateJob', {
    JobSpecification: scene.specification(await scene.template()),
    SessionCode: session,
  });
  const id = created.json.Id;
  const request = () =>
    scene.call('POST', 'FileTransfer/RequestFileTransfer', {
      SubmittedJobInfoId: id,
      SessionCode: session,
    });
  const { json: method } = await request();
  expect(method).toMatchObject({
    Id: 21,
    Protocol: 2,
    ProxyConnection: null,
    Credentials: { Username: 'acc-demo', Password: null, CipherType: 6 },
  });
  const { client, sftp } = await connect(method);
  const [task] =
    (await promised<ssh2.FileEntryWithStats[]>((done) =>
      sftp.readdir(method.SharedBasepath, done),
    )) ?? [];
  const directory = `${method.SharedBasepath}/${task?.filename}`;
  await promised<void>((done) =>
    sftp.writeFile(`${directory}/job.sh`, 'cat key > seen\n', { mode: 0o755 }, done),
  );
  await promised<void>((done) =>
    sftp.writeFile(`${directory}/key.new`, 'secret', { mode: 0o600 }, done),
  );
  await promised<void>((done) => sftp.rename(`${directory}/key.new`, `${directory}/key`, done));
  const found = await promised<ssh2.Stats>((done) => sftp.stat(`${directory}/key`, done));
  expect((found?.mode ?? 0) & 0o777).toBe(0o600);
  await expect(promised<Buffer>((done) => sftp.readFile('/etc/passwd', done))).rejects.toThrow(
    /Permission denied/,
  );

  await scene.call('PUT', 'JobManagement/SubmitJob', {
    CreatedJobInfoId: id,
    SessionCode: session,
  });
  await scene.jobUntil(id, ({ State }) => State === 16);
  const seen = await promised<Buffer>((done) => sftp.readFile(`${directory}/seen`, done));
  expect(String(seen)).toBe('secret');

  client.end();
  const closed = await scene.call('POST', 'FileTransfer/CloseFileTransfer', {
    SubmittedJobInfoId: id,
    PublicKey: method.Credentials.PublicKey,
    SessionCode: session,
  });
  expect(closed.json).toBe('File transfer closed');
  await expect(connect(method)).rejects.toThrow(/authentication/);
});

test('keys of a job are counted', async () => {
  const session = await scene.session('submitter');
  const created = await scene.call('POST', 'JobManagement/CreateJob', {
    JobSpecification: scene.specification(await scene.template()),
    SessionCode: session,
  });
  const body = { SubmittedJobInfoId: created.json.Id, SessionCode: session };
  for (let count = 1; count <= 6; count++) {
    expect((await scene.call('POST', 'FileTransfer/RequestFileTransfer', body)).status).toBe(200);
  }
  const refused = await scene.call('POST', 'FileTransfer/RequestFileTransfer', body);
  expect(refused).toMatchObject({ status: 502, json: { title: 'External Service Error' } });
});
