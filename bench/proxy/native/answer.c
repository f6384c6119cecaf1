#define _GNU_SOURCE
#include "answer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void (*answer_on_stamp)(uint64_t micros) = NULL;

void answer_begin(struct answer *answer, bool looks) {
  answer->phase = IN_HEAD;
  answer->line_size = 0;
  answer->left = answer->body = 0;
  answer->looks = looks;
  answer->sum = 0;
  answer->closes = false;
  answer->problem = NULL;
  answer->stamp_at = 0;
}

static void broken(struct answer *answer, const char *problem) {
  answer->phase = BROKEN;
  answer->problem = problem;
}

static void look_for_stamps(struct answer *answer, const char *bytes, size_t size) {
  for (size_t at = 0; at < size; at += 1) {
    const char byte = bytes[at];
    if (answer->stamp_at == 0) {
      const char *next = memchr(bytes + at, 't', size - at);
      if (next == NULL) return;
      at = (size_t)(next - bytes);
      answer->stamp_at = 1;
    } else if (answer->stamp_at == 1) {
      answer->stamp_at = byte == '=' ? 2 : byte == 't' ? 1 : 0;
      answer->stamp = 0;
    } else if (byte < '0' || byte > '9') {
      answer->stamp_at = 0;
    } else {
      answer->stamp = answer->stamp * 10 + (uint64_t)(byte - '0');
      answer->stamp_at += 1;
      if (answer->stamp_at < 18) continue;
      answer->stamp_at = 0;
      answer_on_stamp(answer->stamp);
    }
  }
}

// As `sumOf` of wire.ts.
static void add_to_sum(struct answer *answer, const char *bytes, size_t size) {
  uint32_t sum = answer->sum;
  for (size_t at = 0; at < size; at += 1) {
    const unsigned char byte = (unsigned char)bytes[at];
    sum = (sum ^ (byte >= '0' && byte <= '9' ? '0' : byte)) * 16777619u;
  }
  answer->sum = sum;
}

static void take_body(struct answer *answer, const char *bytes, size_t size) {
  answer->body += size;
  if (answer->looks) add_to_sum(answer, bytes, size);
  if (answer_on_stamp != NULL) look_for_stamps(answer, bytes, size);
  if (size >= tail_room) memcpy(answer->tail, bytes + size - tail_room, tail_room);
  else {
    memmove(answer->tail, answer->tail + size, tail_room - size);
    memcpy(answer->tail + tail_room - size, bytes, size);
  }
}

static void finish(struct answer *answer, const struct expected *expected) {
  const size_t end = strlen(expected->end);
  if (answer->body < expected->least || answer->body > expected->most) {
    static char text[96];
    snprintf(text, sizeof text, "an answer of %llu bytes instead of %llu", (unsigned long long)answer->body,
             (unsigned long long)expected->least);
    broken(answer, text);
  } else if (memcmp(answer->tail + tail_room - end, expected->end, end) != 0) {
    broken(answer, "an answer that ends otherwise");
  } else if (answer->looks && answer->sum != expected->sum) {
    broken(answer, "an answer of other words");
  } else answer->phase = COMPLETE;
}

// The value of a header in a head that ends with a NUL.
static const char *header(const char *head, const char *name) {
  const size_t length = strlen(name);
  for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line, '\n')) {
    line += 1;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') return line + length + 1 + strspn(line + length + 1, " ");
  }
  return NULL;
}

static void take_head(struct answer *answer, const struct expected *expected) {
  const char *head = answer->line;
  if (strncmp(head, "HTTP/1.1 200", 12) != 0) {
    answer->line[strcspn(head, "\r\n")] = 0;
    return broken(answer, head);
  }
  const char *connection = header(head, "connection");
  answer->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
  const char *length = header(head, "content-length");
  const char *coding = header(head, "transfer-encoding");
  answer->line_size = 0;
  if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) answer->phase = IN_SIZE;
  else if (length == NULL) broken(answer, "an answer without length");
  else {
    answer->left = strtoull(length, NULL, 10);
    answer->phase = IN_LENGTH;
    if (answer->left == 0) finish(answer, expected);
  }
}

// Up to the next line feed. @returns bytes taken; the line is whole when it ends with one
static size_t take_line(struct answer *answer, const char *bytes, size_t size) {
  const char *feed = memchr(bytes, '\n', size);
  const size_t taken = feed == NULL ? size : (size_t)(feed - bytes) + 1;
  if (answer->line_size + taken >= head_room) {
    broken(answer, "a head or a chunk's line without end");
    return size;
  }
  memcpy(answer->line + answer->line_size, bytes, taken);
  answer->line_size += taken;
  answer->line[answer->line_size] = 0;
  return taken;
}

static bool line_is_whole(const struct answer *answer) {
  return answer->line_size > 0 && answer->line[answer->line_size - 1] == '\n';
}

// A line of the chunked coding (RFC 9112 §7.1) has come.
static void take_framing(struct answer *answer, const struct expected *expected) {
  const bool empty = answer->line_size == 2;
  if (answer->phase == IN_SIZE) {
    char *rest;
    answer->left = strtoull(answer->line, &rest, 16);
    if (rest == answer->line) return broken(answer, "a chunk without size");
    answer->phase = answer->left == 0 ? IN_TRAILER : IN_CHUNK;
  } else if (answer->phase == AFTER_CHUNK) {
    if (!empty) return broken(answer, "a chunk that does not end with a line");
    answer->phase = IN_SIZE;
  } else if (empty) finish(answer, expected);
  answer->line_size = 0;
}

void answer_take(struct answer *answer, const struct expected *expected, const char *bytes, size_t size) {
  while (size > 0 && answer->phase != BROKEN) {
    size_t taken = size;
    if (answer->phase == COMPLETE) broken(answer, "bytes behind an answer");
    else if (answer->phase == IN_HEAD) {
      taken = take_line(answer, bytes, size);
      const bool ends = line_is_whole(answer) && answer->line_size >= 4 &&
                        memcmp(answer->line + answer->line_size - 4, "\r\n\r\n", 4) == 0;
      if (ends) take_head(answer, expected);
    } else if (answer->phase == IN_LENGTH || answer->phase == IN_CHUNK) {
      if (taken > answer->left) taken = answer->left;
      take_body(answer, bytes, taken);
      answer->left -= taken;
      if (answer->left == 0 && answer->phase == IN_CHUNK) answer->phase = AFTER_CHUNK;
      else if (answer->left == 0) finish(answer, expected);
    } else {
      taken = take_line(answer, bytes, size);
      if (answer->phase == AFTER_CHUNK && answer->line[0] != '\r') broken(answer, "a chunk longer than it says");
      if (answer->phase != BROKEN && line_is_whole(answer)) take_framing(answer, expected);
    }
    bytes += taken;
    size -= taken;
  }
}
