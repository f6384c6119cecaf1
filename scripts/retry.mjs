// Tests on real processes share two cores with everything else; one that fails is tried again, and the
// first failure is printed. Pure tests are never repeated.
import { jest } from '@jest/globals';

jest.retryTimes(2, { logErrorsBeforeRetry: true });
