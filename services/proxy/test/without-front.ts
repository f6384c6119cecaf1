// Comes before everything else in tests of the door that are run once more, on node:http alone.
process.env.FAST_PATH = 'off';
