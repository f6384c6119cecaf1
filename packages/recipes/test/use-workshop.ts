import { afterAll, beforeAll, jest } from '@jest/globals';
import { openWorkshop, type Workshop } from './job.ts';

/** A workshop for all tests of a file. Its parts are there from the first test on. */
export function useWorkshop(): Omit<Workshop, 'close'> {
  jest.setTimeout(30_000);
  let open: Workshop | undefined;
  const workshop = () => {
    if (open === undefined) throw new Error('the workshop is not open yet');
    return open;
  };
  beforeAll(async () => {
    open = await openWorkshop();
  });
  afterAll(() => open?.close());
  return {
    get root() {
      return workshop().root;
    },
    catalogOf: (...recipe) => workshop().catalogOf(...recipe),
    start: (...job) => workshop().start(...job),
    run: (...job) => workshop().run(...job),
  };
}
