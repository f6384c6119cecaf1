import '../../test/without-front.ts';
import '../services/services.itest.ts';
