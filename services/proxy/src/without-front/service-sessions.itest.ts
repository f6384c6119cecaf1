import '../../test/without-front.ts';
import '../services/sessions.itest.ts';
