// Reads an answer as it comes, and checks it: status 200, framing, length, how it ends, and where asked all of its body.
#ifndef ANSWER_H
#define ANSWER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What answers have to be.
struct expected {
  // Of the body, without its framing.
  uint64_t least, most;
  // The last bytes of the body.
  const char *end;
  // What `sumOf` of wire.ts makes of the body; -1: nobody knows it.
  int64_t sum;
};

enum phase { IN_HEAD, IN_LENGTH, IN_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILER, COMPLETE, BROKEN };
enum { head_room = 2048, tail_room = 16 };

struct answer {
  enum phase phase;
  // Of the head, then of lines of the framing.
  char line[head_room];
  size_t line_size;
  // Of the body or the chunk that is being read.
  uint64_t left;
  uint64_t body;
  char tail[tail_room];
  // Whether all of the body is looked at, and its sum so far.
  bool looks;
  uint32_t sum;
  bool closes;
  const char *problem;
  // Where in `t=<16 digits>` the last byte was, and the digits so far.
  int stamp_at;
  uint64_t stamp;
};

// @param looks at every byte of the body, which costs time that is the generator's
void answer_begin(struct answer *answer, bool looks);

// Told the time that the engine wrote into each event; NULL: nobody looks for it.
extern void (*answer_on_stamp)(uint64_t micros);

// Takes the next bytes. Afterwards its phase says how it stands; of a broken one `problem` says why.
void answer_take(struct answer *answer, const struct expected *expected, const char *bytes, size_t size);
#endif
