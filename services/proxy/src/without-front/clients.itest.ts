import '../../test/without-front.ts';
import '../clients.itest.ts';
