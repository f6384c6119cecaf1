import '../../test/without-front.ts';
import '../shutdown.itest.ts';
