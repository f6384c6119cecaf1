import '../../test/without-front.ts';
import '../streamed.itest.ts';
