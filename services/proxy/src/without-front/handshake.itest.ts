import '../../test/without-front.ts';
import '../handshake.itest.ts';
