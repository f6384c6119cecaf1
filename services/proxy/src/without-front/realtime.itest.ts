import '../../test/without-front.ts';
import '../realtime.itest.ts';
