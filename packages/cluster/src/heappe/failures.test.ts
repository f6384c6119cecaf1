import { describe, expect, test } from '@jest/globals';
import { asLook, failureOf, readProblem } from './failures.ts';

const problem = (title: string, detail = 'words') => JSON.stringify({ title, status: 0, detail });

describe('an answer that is not 200', () => {
  test.each([
    [401, problem('Session Code Authentication Problem'), 'misconfigured'],
    [401, problem('Unauthorized Access', 'MissingRole:Submitter_ForProject:1'), 'misconfigured'],
    [401, 'Unauthorized', 'misconfigured'],
    [
      403,
      problem('Not Allowed', 'No initialized credentials found for project 1'),
      'misconfigured',
    ],
    [404, problem('Validation Problem', 'MaxCores must be greater than 0.'), 'refused'],
    [404, '<html>nginx</html>', 'misconfigured'],
    [
      400,
      problem('Invalid Request', "Cannot cancel job '1', this job is in state 'Failed'."),
      'unclear',
    ],
    [400, problem('Invalid Request', 'UnableToCreateConnection'), 'unreachable'],
    [413, '', 'refused'],
    [429, 'API calls quota exceeded!', 'unreachable'],
    [500, problem('Problem', 'Problem occured! Contact the administrators.'), 'unreachable'],
    [502, problem('SSH Problem'), 'unreachable'],
    [502, problem('Tunnel Exception'), 'unreachable'],
    [502, '<html>bad gateway</html>', 'unreachable'],
    [503, '', 'unreachable'],
    [504, '', 'unreachable'],
    [502, problem('Slurm Problem', 'sbatch: error: invalid partition specified: gpu'), 'refused'],
    [502, problem('Slurm Problem', 'sbatch: error: AssocMaxSubmitJobLimit'), 'no_room'],
    [502, problem('Slurm Problem', 'Unable to contact slurm controller'), 'unreachable'],
    [502, problem('Slurm Problem', 'a check of this site says no'), 'unclear'],
  ] as const)('%i %s is %s', (status, body, kind) => {
    const failure = failureOf('CreateJob', readProblem(status, body));
    expect(failure).toMatchObject({ name: 'ClusterError', kind, status });
    expect(failure.message).not.toMatch(/</);
  });

  test('names the fields of which ASP.NET itself complains', () => {
    const body = JSON.stringify({
      title: 'One or more validation errors occurred.',
      status: 400,
      errors: { 'JobSpecification.Name': ['The field Name must be a string.'] },
    });
    expect(readProblem(400, body).detail).toBe(
      'JobSpecification.Name: The field Name must be a string.',
    );
  });

  test('says nothing of jobs to whoever only looks', () => {
    const refused = failureOf('x', readProblem(404, problem('Validation Problem')));
    expect(asLook(refused)).toMatchObject({ kind: 'unreachable', status: 404, detail: 'words' });
    const forbidden = failureOf('x', readProblem(401, ''));
    expect(asLook(forbidden)).toBe(forbidden);
  });
});
