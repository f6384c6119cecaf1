import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openScene, type Scene } from '../test/heappe.ts';

jest.setTimeout(60_000);

let scene: Scene;
let session: string;
beforeAll(async () => {
  scene = await openScene({ pollMs: null });
  session = await scene.session();
});
afterAll(() => scene.stop());

const clusters = async (query = '') =>
  (
    await scene.call(
      'GET',
      `ClusterInformation/ListAvailableClusters?sessionCode=${session}${query}`,
    )
  ).json;

describe('command templates', () => {
  test('a project without one is not told of, and the answer is kept until something is written', async () => {
    expect(await clusters()).toEqual([]);
    expect(await clusters('&accountingString=demo')).toEqual([]);
    const id = await scene.template();
    expect(await clusters('&accountingString=demo')).toMatchObject([
      {
        Name: 'testcluster',
        FileTransferMethodIds: [21],
        NodeTypes: [
          {
            Id: 11,
            Queue: 'gpu',
            CoresPerNode: 4,
            MaxWalltime: 86_400,
            Projects: [
              {
                AccountingString: 'demo',
                CommandTemplates: [
                  { Id: id, IsEnabled: true, TemplateParameters: [{ Identifier: 'word' }] },
                ],
                ClusterProjectStoragePaths: [{ ClusterId: 1 }],
              },
            ],
          },
        ],
      },
    ]);
    expect(await clusters('&nodeTypeName=debug')).toEqual([]);
    expect(await clusters('&commandTemplateName=WAKEFIELD')).toHaveLength(1);
  });

  test('names are not unique; the answer to POST does not show the command line yet', async () => {
    const post = () =>
      scene.call('POST', 'Management/CommandTemplate', {
        Name: 'twice',
        ExecutableFile: '/bin/bash',
        ClusterNodeTypeId: 11,
        ProjectId: 1,
        TemplateParameters: [
          { Identifier: 'fixed', Query: 'Job.Name' },
          { Identifier: 'model_len' },
          { Identifier: 'len' },
        ],
        SessionCode: session,
      });
    const [one, other] = [await post(), await post()];
    expect(one.json.CommandParameters).toBe('');
    expect(other.json.Id).not.toBe(one.json.Id);
    const read = await scene.call(
      'GET',
      `Management/CommandTemplate?sessionCode=${session}&id=${one.json.Id}`,
    );
    // `len` is part of `model_len`, so it is not on the command line, until one more parameter comes.
    expect(read.json).toMatchObject({
      CommandParameters: '%%{fixed} %%{model_len}',
      ProjectId: 1,
      TemplateParameters: [{ Query: 'Job.Name' }, {}, { Identifier: 'len', Query: '' }],
    });
    await scene.call('POST', 'Management/CommandTemplateParameter', {
      Identifier: 'fourth',
      Query: 'x',
      CommandTemplateId: one.json.Id,
      SessionCode: session,
    });
    const later = await scene.call(
      'GET',
      `Management/CommandTemplate?sessionCode=${session}&id=${one.json.Id}`,
    );
    expect(later.json.CommandParameters).toBe('%%{fixed} %%{model_len} %%{len} %%{fourth}');
  });

  test('are changed, disabled and removed', async () => {
    const id = await scene.template({ Name: 'changing' });
    const change = {
      Id: id,
      Name: 'changed',
      ExecutableFile: '/bin/sh',
      ClusterNodeTypeId: 12,
      IsEnabled: false,
      SessionCode: session,
    };
    expect((await scene.call('PUT', 'Management/CommandTemplate', change)).json).toMatchObject({
      Name: 'changed',
      IsEnabled: false,
      ClusterNodeTypeId: 12,
      TemplateParameters: [{ Identifier: 'word' }],
    });
    const remove = { CommandTemplateId: id, SessionCode: session };
    expect((await scene.call('DELETE', 'Management/RemoveCommandTemplate', remove)).json).toBe(
      'CommandTemplate was deleted.',
    );
    expect((await scene.call('DELETE', 'Management/RemoveCommandTemplate', remove)).status).toBe(
      404,
    );
  });

  test('parameters come and go', async () => {
    const id = await scene.template({ Name: 'parameters' });
    const path = 'Management/CommandTemplateParameter';
    const wish = { Identifier: 'more', Query: '', CommandTemplateId: id, SessionCode: session };
    const added = await scene.call('POST', path, wish);
    expect(added.json).toMatchObject({ Identifier: 'more', Query: '' });
    expect((await scene.call('POST', path, wish)).status).toBe(404);
    const changed = { Id: added.json.Id, Identifier: 'other', Query: 'x', SessionCode: session };
    expect((await scene.call('PUT', path, changed)).status).toBe(200);
    const read = () =>
      scene.call('GET', `Management/CommandTemplate?sessionCode=${session}&id=${id}`);
    expect((await read()).json.CommandParameters).toBe('%%{word} %%{other}');
    await scene.call('DELETE', path, { Id: added.json.Id, SessionCode: session });
    expect((await read()).json).toMatchObject({
      CommandParameters: '%%{word}',
      TemplateParameters: [{ Identifier: 'word' }],
    });
  });

  test.each([
    ['no manager', { who: 'submitter' }, 401],
    ['a project that is none', { ProjectId: 99 }, 404],
    ['a node type that is none', { ClusterNodeTypeId: 99 }, 404],
    ['a quote in the executable', { ExecutableFile: "/bin/'x'" }, 404],
    ['parameters that are null', { TemplateParameters: null }, 500],
    ['a parameter without a name', { TemplateParameters: [{ Identifier: '' }] }, 404],
    ['an identifier of 21 letters', { TemplateParameters: [{ Identifier: 'x'.repeat(21) }] }, 400],
    ['no name', { Name: '' }, 400],
    ['more than 10 000 bytes', { Description: 'x'.repeat(10_000) }, 413],
  ])(
    '%s is refused',
    async (_, { who = 'manager', ...change }: Record<string, unknown>, status) => {
      const answer = await scene.call('POST', 'Management/CommandTemplate', {
        Name: 'refused',
        ExecutableFile: '/bin/bash',
        ClusterNodeTypeId: 11,
        ProjectId: 1,
        TemplateParameters: [],
        SessionCode: await scene.session(String(who)),
        ...change,
      });
      expect(answer.status).toBe(status);
    },
  );
});

describe('administration', () => {
  test('node types are for who administers a project', async () => {
    const list = (code: string) =>
      scene.call('GET', `Management/ClusterNodeTypes?sessionCode=${code}`);
    expect((await list(session)).status).toBe(401);
    const { json } = await list(await scene.session('admin'));
    expect(json).toMatchObject([{ Id: 11, Projects: null }, { Name: 'debug' }]);
  });

  test('the version is for who may submit', async () => {
    const path = `Management/VersionInformation?sessionCode=${session}`;
    expect((await scene.call('GET', path)).json).toMatchObject({ Version: '6.3.2' });
  });
});

test('what no version has is 404, and a wrong method is 405', async () => {
  expect((await scene.call('GET', 'JobManagement/ExtendWalltime')).status).toBe(404);
  expect((await scene.call('POST', 'Health')).status).toBe(405);
});
