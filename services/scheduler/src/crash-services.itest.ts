import { crashTests } from '../test/crash.ts';

crashTests('services');
