import '../../test/without-front.ts';
import '../wire.itest.ts';
