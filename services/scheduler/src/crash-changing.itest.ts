import { crashTests } from '../test/crash.ts';

crashTests('changing');
