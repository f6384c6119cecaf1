import '../../test/without-front.ts';
import '../pipelined.itest.ts';
