import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { ActivationBroken, ClusterDriver } from '@wakefield/control';
import type { ActivationStep } from '@wakefield/domain';
import { startTestHeappe, type TestHeappe } from '@wakefield/testkit';
import { createDriver } from '../create-driver.ts';

jest.setTimeout(60_000);

const signal = AbortSignal.timeout(600_000);
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startTestHeappe>[0] = {}): Promise<TestHeappe> {
  const heappe = await startTestHeappe(options);
  open.push(() => heappe.stop());
  return heappe;
}

function driverOf(
  heappe: TestHeappe,
  change: Readonly<Record<string, unknown>> = {},
): ClusterDriver {
  const driver = createDriver(heappe.config(change), { installation: 'act' });
  open.push(() => driver.close());
  return driver;
}

async function asUser(heappe: TestHeappe, user: string, change = {}): Promise<ClusterDriver> {
  await heappe.write(`${user}-password`, `${user}-password`);
  const credential = { kind: 'password', user, passwordFile: `${user}-password` };
  return driverOf(heappe, { credential, ...change });
}

interface Template {
  readonly Id: number;
  readonly Name: string;
  readonly IsEnabled: boolean;
  readonly ExecutableFile: string;
  readonly CommandParameters: string;
  readonly TemplateParameters: readonly { readonly Id: number; readonly Identifier: string }[];
}

const templates = async (heappe: TestHeappe) =>
  (await heappe.call('GET', 'Management/CommandTemplates?ProjectId=1')) as readonly Template[];
const words = (steps: readonly ActivationStep[]) =>
  steps.map(({ step, status, detail }) => `${step} ${status}: ${detail}`).join('\n');
const last = (steps: readonly ActivationStep[]) => steps.at(-1);

const body = {
  Name: 'wakefield',
  Description: 'by hand',
  ExtendedAllocationCommand: '',
  ExecutableFile: '/bin/bash',
  PreparationScript: '',
  ClusterNodeTypeId: 11,
  ProjectId: 1,
};
const parameter = (Identifier: string, Query = '') => ({ Identifier, Query, Description: '' });

describe('activating a project', () => {
  test('makes its template once, and says each step', async () => {
    const heappe = await start();
    const driver = driverOf(heappe);
    await expect(driver.accepts('demo', signal)).rejects.toMatchObject({ kind: 'refused' });
    const steps = await driver.activate('demo', signal);
    expect(steps.map(({ step, status }) => [step, status])).toEqual(
      ['sign-in', 'project', 'node type', 'template wakefield', 'listed'].map((step) => [
        step,
        'done',
      ]),
    );
    expect(words(steps)).toMatch(/template wakefield done: made; it is template 101/);
    await driver.accepts('demo', signal);
    expect(words(await driver.activate('demo', signal))).toMatch(
      /it is template 101, as it should be/,
    );
    expect(await templates(heappe)).toMatchObject([
      { Name: 'wakefield', ExecutableFile: '/bin/bash', CommandParameters: '%%{wakefield}' },
    ]);
  });

  test('makes a template for each engine that is to have its own', async () => {
    const heappe = await start();
    const recipes = { vllm: { template: 'serve-vllm' }, sglang: {} };
    await driverOf(heappe, { recipes }).activate('demo', signal);
    expect((await templates(heappe)).map(({ Name }) => Name)).toEqual(['wakefield', 'serve-vllm']);
  });

  test('makes no second one when the answer to the first was lost', async () => {
    const heappe = await start();
    const driver = driverOf(heappe);
    const effect = { kind: 'disconnect' } as const;
    heappe.server.control.addFault({ action: 'CommandTemplate', when: 'after', effect, times: 1 });
    await expect(driver.activate('demo', signal)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(last(await driver.activate('demo', signal))).toMatchObject({ status: 'done' });
    expect(await templates(heappe)).toHaveLength(1);
  });

  test('uses the oldest of several of one name, and says so', async () => {
    const heappe = await start();
    const TemplateParameters = [parameter('wakefield')];
    for (const _ of [1, 2])
      await heappe.call('POST', 'Management/CommandTemplate', { ...body, TemplateParameters });
    const steps = await driverOf(heappe).activate('demo', signal);
    expect(words(steps)).toMatch(/it is template 101, as it should be; 1 more of that name/);
    expect(await templates(heappe)).toHaveLength(2);
  });

  test.each([
    ['another program', { ExecutableFile: '/bin/sh' }, [parameter('wakefield')], /ExecutableFile/],
    ['a preparation', { PreparationScript: 'true' }, [parameter('wakefield')], /PreparationScript/],
    ['no parameter', {}, [], /parameters/],
    ['one parameter more', {}, [parameter('wakefield'), parameter('more')], /parameters/],
    ['a parameter with a query', {}, [parameter('wakefield', 'constant')], /parameters/],
    ['another parameter before', {}, [parameter('first'), parameter('wakefield')], /parameters/],
  ])('repairs a template with %s', async (_, change, TemplateParameters, drifted) => {
    const heappe = await start();
    const path = 'Management/CommandTemplate';
    await heappe.call('POST', path, { ...body, ...change, TemplateParameters });
    const steps = await driverOf(heappe).activate('demo', signal);
    expect(words(steps)).toMatch(drifted);
    expect(words(steps)).toMatch(/template wakefield done: repaired/);
    expect(await templates(heappe)).toMatchObject([
      {
        Id: 101,
        ExecutableFile: '/bin/bash',
        CommandParameters: '%%{wakefield}',
        TemplateParameters: [{ Identifier: 'wakefield' }],
      },
    ]);
  });

  test('lists clusters once before and once after, as HEAppE takes its time over that', async () => {
    const heappe = await start();
    const calls: string[] = [];
    const driver = createDriver(heappe.config(), {
      installation: 'act',
      onRoundTrip: (call) => calls.push(call ?? ''),
    });
    open.push(() => driver.close());
    await driver.activate('demo', signal);
    await driver.accepts('demo', signal);
    expect(calls.filter((path) => path.endsWith('/ListAvailableClusters'))).toHaveLength(2);
  });

  test('enables one that somebody disabled', async () => {
    const heappe = await start();
    const driver = driverOf(heappe);
    await driver.activate('demo', signal);
    const { ProjectId: _, ...fields } = body;
    await heappe.call('PUT', 'Management/CommandTemplate', {
      ...fields,
      Id: 101,
      IsEnabled: false,
    });
    await expect(driverOf(heappe).accepts('demo', signal)).rejects.toMatchObject({
      kind: 'refused',
    });
    expect(words(await driver.activate('demo', signal))).toMatch(/repaired \(IsEnabled\)/);
    await driver.accepts('demo', signal);
  });

  test('of someone who is no manager says what to ask for', async () => {
    const heappe = await start();
    // Node types are listed with templates only; here the id is in the configuration.
    const steps = await (await asUser(heappe, 'submitter')).activate('demo', signal);
    expect(last(steps)).toMatchObject({
      step: 'template wakefield',
      status: 'failed',
      remedy: expect.stringMatching(/role Manager.*heappe_manager/),
    });
    await driverOf(heappe).activate('demo', signal);
    const again = await (await asUser(heappe, 'submitter')).activate('demo', signal);
    expect(last(again)).toMatchObject({ step: 'listed', status: 'done' });
    expect(words(again)).toMatch(/only a Manager sees/);
  });

  test('of a project that HEAppE does not know says nothing of others', async () => {
    const steps = await driverOf(await start()).activate('eu-00-00', signal);
    expect(last(steps)).toMatchObject({
      step: 'project',
      status: 'failed',
      detail: 'HEAppE knows no project eu-00-00 of our user',
      remedy: expect.stringMatching(/accountingString/),
    });
  });

  test('finds the project under the accounting string of the configuration, whatever its case', async () => {
    const projects = { ours: { accountingString: 'DEMO' } };
    const steps = await driverOf(await start(), { projects }).activate('ours', signal);
    expect(last(steps)).toMatchObject({ step: 'listed', status: 'done' });
  });

  test('asks for the node type where its name cannot be found out', async () => {
    const heappe = await start();
    const change = { defaults: { nodeType: 'gpu' } };
    const steps = await driverOf(heappe, change).activate('demo', signal);
    expect(last(steps)).toMatchObject({
      step: 'node type',
      status: 'failed',
      remedy: expect.stringMatching(/its id/),
    });
    const admin = await (await asUser(heappe, 'admin', change)).activate('demo', signal);
    expect(words(admin)).toMatch(/node type done: gpu is 11/);
  });

  test('by several processes at once makes one template', async () => {
    const heappe = await start();
    const drivers = [driverOf(heappe), driverOf(heappe), driverOf(heappe)];
    const slow = { kind: 'delay', ms: 200 } as const;
    const when = 'before' as const;
    heappe.server.control.addFault({ action: 'CommandTemplate', when, effect: slow, times: null });
    const all = await Promise.all(drivers.map((driver) => driver.activate('demo', signal)));
    for (const steps of all) expect(last(steps)).toMatchObject({ status: 'done' });
    expect(await templates(heappe)).toHaveLength(1);
  });

  test.each([
    ['CommandTemplate', 'template wakefield', ['sign-in', 'project', 'node type']],
    ['ListAvailableClusters', 'node type', ['sign-in', 'project']],
  ])('that breaks off at %s tells what was done before', async (action, step, done) => {
    const heappe = await start();
    const effect = { kind: 'status', status: 500 } as const;
    heappe.server.control.addFault({ action, when: 'before', effect, times: 1 });
    const broken = await driverOf(heappe)
      .activate('demo', signal)
      .catch((error: unknown) => error);
    expect(broken).toMatchObject({ kind: 'unreachable', step });
    expect((broken as ActivationBroken).done.map((one) => one.step)).toEqual(done);
  });

  test.each([
    [{ allocation: 'x'.repeat(101) }, /template.allocation has 101 .* takes 100/],
    [{ preparation: 'x'.repeat(501) }, /template.preparation has 501 .* takes 500/],
    [{ name: 'x'.repeat(81) }, /its name has 81 .* takes 80/],
  ])('does not send what 6.1 does not take (%#)', async (template, detail) => {
    const heappe = await start({ version: '6.1' });
    const steps = await driverOf(heappe, { template }).activate('demo', signal);
    expect(last(steps)).toMatchObject({ status: 'failed', detail: expect.stringMatching(detail) });
    expect(await templates(heappe)).toEqual([]);
  });

  test('does not lean on lists that may be 150 minutes old', async () => {
    const heappe = await start({ version: '5.0' });
    const driver = driverOf(heappe);
    await expect(driver.accepts('demo', signal)).rejects.toMatchObject({ kind: 'refused' });
    expect(last(await driver.activate('demo', signal))).toMatchObject({ status: 'done' });
    await driver.accepts('demo', signal);
  });
});
