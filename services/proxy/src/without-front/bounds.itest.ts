import '../../test/without-front.ts';
import '../bounds.itest.ts';
