import { newKeyPair } from '../files/key-pair.ts';
import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf } from '../http/routes.ts';
import { ownJob } from '../jobs/find-job.ts';
import { jobDirectory } from '../jobs/paths.ts';

const path = (action: string) => `FileTransfer/${action}`;

/** FileTransferController: keys for SFTP to the cluster. */
export const directTransferRoutes: readonly Route[] = [
  { method: 'POST', path: path('RequestFileTransfer'), limit: 98, handle: request },
  { method: 'POST', path: path('CloseFileTransfer'), limit: 4700, handle: close },
];

/** GeneratedFileTransferKeyLimitPerJob; one more is given before it counts. */
const keyLimit = 5;

function request(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    id: fields.number('SubmittedJobInfoId'),
    sessionCode: sessionCodeOf(fields),
  }));
  const job = ownJob(call, asked.id, asked.sessionCode);
  if (job.transferKeys.length > keyLimit) {
    throw new HeappeError(
      'external',
      'SshKeyGenerationLimit',
      'The maximum limit for the number of generated file transfer ssh keys was reached.',
    );
  }
  const cluster = instance.database.world.clusters.find(
    ({ id }) => id === job.specification.clusterId,
  );
  const method = cluster?.fileTransferMethods.find(
    ({ id }) => id === job.specification.fileTransferMethodId,
  );
  const { privateKey, publicKey } = newKeyPair();
  job.transferKeys.push(publicKey);
  instance.database.save();
  return {
    json: {
      Id: method?.id ?? null,
      ServerHostname: method?.serverHostname ?? null,
      SharedBasepath: jobDirectory(instance, job),
      Protocol: method?.protocol ?? null,
      Port: method?.port ?? null,
      ProxyConnection: null,
      Credentials: {
        Username: job.account,
        Password: null,
        // Ed25519 is the sixth.
        CipherType: instance.traits.cipherTypesFrom + 5,
        CredentialsAuthType: 2,
        PrivateKey: privateKey,
        PrivateKeyCertificate: null,
        PublicKey: publicKey,
        Passphrase: null,
      },
    },
  };
}

function close(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    id: fields.number('SubmittedJobInfoId'),
    publicKey: fields.text('PublicKey') ?? '',
    sessionCode: sessionCodeOf(fields),
  }));
  const job = ownJob(call, asked.id, asked.sessionCode);
  const index = job.transferKeys.indexOf(asked.publicKey);
  if (index < 0) {
    throw new HeappeError(
      'external',
      'PublicKeyMismatch',
      'The direct transfer could not be finished due to a public key mismatch.',
    );
  }
  job.transferKeys.splice(index, 1);
  instance.database.save();
  return { json: 'File transfer closed' };
}
