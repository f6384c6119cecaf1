// What the engine understands of a request.
#ifndef REQUESTS_H
#define REQUESTS_H
#include <stdbool.h>
#include <stddef.h>

struct request {
  const char *body;
  size_t body_size;
  // Of the whole, head and framing included.
  size_t size;
  bool is_post, asks_models;
};

// What the first words of a prompt ask for: `shape=json`, `shape=stream-<events>-<gap in ms>`, `shape=bytes-<n>`.
// It is there and not in a header or a field, because there is no proxy that changes a prompt.
struct wanted {
  long events, gap, bytes;
  bool usage;
};

// Whether a whole request is there; it points into the bytes, behind which there has to be a NUL.
bool parse_request(const char *bytes, size_t have, struct request *request);
struct wanted wanted_by(const struct request *request);
#endif
