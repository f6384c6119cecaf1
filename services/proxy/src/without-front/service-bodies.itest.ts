import '../../test/without-front.ts';
import '../services/bodies.itest.ts';
