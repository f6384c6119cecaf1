import '../../test/without-front.ts';
import '../bodies.itest.ts';
