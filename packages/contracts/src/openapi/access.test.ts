import { describe, expect, it } from '@jest/globals';
import {
  decideAccess,
  type Grant,
  type OperationName,
  type Principal,
  rights,
  roles,
} from '@wakefield/domain';
import { errorTable } from '../error-table.ts';
import { buildOpenApiDocument, endpoints } from './document.ts';
import { errorsOf } from './endpoint.ts';

const mine = 'mine';
const theirs = 'theirs';

/** Every kind of principal: nobody, nothing granted, and each role in a project, in another one, in all of them. */
const principals: readonly { readonly name: string; readonly principal: Principal | null }[] = [
  { name: 'nobody', principal: null },
  { name: 'nothing granted', principal: user([]) },
  ...(['static', 'user', 'api_key'] as const).flatMap((kind) =>
    roles.flatMap((role) =>
      [mine, theirs, '*'].map((project) => ({
        name: `${kind}: ${role} of ${project}`,
        principal: { ...user([{ project, role }]), kind },
      })),
    ),
  ),
];

function user(grants: readonly Grant[]): Principal {
  return { kind: 'user', id: 'u', grants };
}

const statuses = { granted: null, unknown: 401, hidden: 404, forbidden: 403 } as const;
const operations = endpoints.map(({ operationId }) => operationId as OperationName);
const reads: readonly OperationName[] = [
  ...(['getProject', 'listCommands', 'getCommand'] as const),
  ...(['listModels', 'getModel', 'listOpenAIModels', 'getUsage'] as const),
  ...(['listServices', 'getService', 'getServiceStatus', 'getServiceLogs'] as const),
  'listVllmServices',
];
const inferences: readonly OperationName[] = [
  ...(['createChatCompletion', 'createCompletion', 'createEmbedding'] as const),
  'openRealtimeSession',
  ...(['listVllmModels', 'promptVllm', 'getFromService', 'postToService'] as const),
  'inviteVisit',
];

/** Said once more, in other words than the table: what issue and documentation promise. */
function promised(principal: Principal | null, operation: OperationName): keyof typeof statuses {
  const endpoint = endpoints.find(({ operationId }) => operationId === operation);
  if (endpoint?.open === true) return 'granted';
  if (principal === null) return 'unknown';
  if (['listProjects', 'listRecipes', 'getRecipe'].includes(operation)) return 'granted';
  const [grant] = principal.grants;
  if (operation === 'queueDashboard' || operation === 'queueFigures') {
    return grant?.project === '*' && grant.role === 'admin' ? 'granted' : 'forbidden';
  }
  if (grant === undefined || grant.project === theirs) return 'hidden';
  const least = reads.includes(operation) ? 0 : inferences.includes(operation) ? 1 : 2;
  return roles.indexOf(grant.role) >= least ? 'granted' : 'forbidden';
}

describe('who may do what', () => {
  it('is said of every operation of the document, and of nothing else', () => {
    const { paths } = buildOpenApiDocument('1.0.0');
    const documented = Object.values(paths).flatMap((path) =>
      Object.values(path).map((operation) => (operation as { operationId: string }).operationId),
    );
    expect(Object.keys(rights).sort()).toEqual(documented.sort());
  });

  it('is open where the document asks for nothing, and nowhere else', () => {
    for (const { operationId, open } of endpoints)
      expect([operationId, rights[operationId as OperationName] === 'open']).toEqual([
        operationId,
        open === true,
      ]);
  });

  describe.each(principals)('$name', ({ principal }) => {
    it.each(operations)('%s', (operation) => {
      const access = decideAccess(principal, operation, mine);
      expect(access).toBe(promised(principal, operation));
      const status = statuses[access];
      const endpoint = endpoints.find(({ operationId }) => operationId === operation);
      const documented = endpoint === undefined ? [] : errorsOf(endpoint);
      if (status !== null)
        expect(documented.map((code) => errorTable[code].status)).toContain(status);
    });
  });
});
