#define _GNU_SOURCE
#include "requests.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// How far into a body the prompt begins at most, and how far from its end an option may stand.
enum { look_in = 4096 };

static const char *header(const char *head, size_t size, const char *name) {
  const size_t length = strlen(name);
  const char *end = head + size;
  for (const char *line = memchr(head, '\n', size); line != NULL; line = memchr(line, '\n', (size_t)(end - line))) {
    line += 1;
    if ((size_t)(end - line) > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
      line += length + 1;
      while (*line == ' ') line += 1;
      return line;
    }
  }
  return NULL;
}

// Bytes of a chunked body with its framing; 0 while it is not all there.
static size_t chunked_size(const char *body, size_t have) {
  size_t at = 0;
  for (;;) {
    const char *line_end = memmem(body + at, have - at, "\r\n", 2);
    if (line_end == NULL) return 0;
    const size_t length = strtoul(body + at, NULL, 16);
    at = (size_t)(line_end - body) + 2 + length + 2;
    if (at > have) return 0;
    if (length == 0) return at;
  }
}

bool parse_request(const char *bytes, size_t have, struct request *request) {
  const char *head_end = have == 0 ? NULL : memmem(bytes, have, "\r\n\r\n", 4);
  if (head_end == NULL) return false;
  const size_t head_size = (size_t)(head_end - bytes) + 4;
  request->body = bytes + head_size;
  request->is_post = strncmp(bytes, "POST ", 5) == 0;
  request->asks_models = memmem(bytes, head_size < 64 ? head_size : 64, "/models ", 8) != NULL;
  const char *length = header(bytes, head_size, "content-length");
  if (length != NULL) request->body_size = strtoul(length, NULL, 10);
  else if (header(bytes, head_size, "transfer-encoding") == NULL) request->body_size = 0;
  else {
    request->body_size = chunked_size(request->body, have - head_size);
    if (request->body_size == 0) return false;
  }
  request->size = head_size + request->body_size;
  return have >= request->size;
}

static bool asks_usage(const char *text, size_t size) {
  const char *at = memmem(text, size, "\"include_usage\"", 15);
  if (at == NULL) return false;
  at += 15 + strspn(at + 15, " :");
  return strncmp(at, "true", 4) == 0;
}

struct wanted wanted_by(const struct request *request) {
  struct wanted wanted = {0};
  const size_t near = request->body_size < look_in ? request->body_size : look_in;
  const char *shape = memmem(request->body, near, "shape=", 6);
  if (shape == NULL) return wanted;
  shape += 6;
  if (strncmp(shape, "bytes-", 6) == 0) wanted.bytes = strtol(shape + 6, NULL, 10);
  if (strncmp(shape, "stream-", 7) != 0) return wanted;
  char *rest;
  wanted.events = strtol(shape + 7, &rest, 10);
  if (*rest == '-') wanted.gap = strtol(rest + 1, NULL, 10);
  const char *tail = request->body + request->body_size - near;
  wanted.usage = asks_usage(request->body, near) || asks_usage(tail, near);
  return wanted;
}
