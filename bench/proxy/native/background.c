// The orders that go on until `release`: `hold`, `slow` and `garbage`.
#define _GNU_SOURCE
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { beat_micros = 50 * 1000, hold_patience_micros = 45 * 1000 * 1000 };

// ── hold: streams that are opened over a while and stay open. Answers when each has its first byte. `lag` then counts
// how long each event was on its way: from the engine's write, whose time it carries, to here.

static uint64_t spread;
static long opened;
static bool complete;
static uint64_t lag_until;

static void hold_tick(void) {
  const uint64_t now = now_micros();
  if (lag_until > 0) {
    char text[256], all[320];
    answer_on_stamp = NULL;
    lag_until = 0;
    const long count = samples_count();
    samples_print(text, sizeof text);
    snprintf(all, sizeof all, "{\"chunks\":%ld,%s}", count, text);
    return say(all);
  }
  while (opened < conn_count && started_at + spread * (uint64_t)opened / (uint64_t)conn_count <= now && mode == &hold)
    conn_ask(&conns[opened++], now);
  if (mode != &hold) return;
  long begun = 0;
  for (long at = 0; at < opened; at += 1) begun += conns[at].begun;
  if (begun == conn_count && !complete) {
    complete = true;
    char text[64];
    snprintf(text, sizeof text, "{\"open\":%ld}", begun);
    return say(text);
  }
  if (now > started_at + spread + hold_patience_micros) return failed("streams did not begin");
  wake_at(now + 1000);
}

static void hold_start(const char *line) {
  conns_make(number_of(line, "connections", 1));
  spread = (uint64_t)number_of(line, "spreadMs", 0) * 1000;
  opened = 0;
  complete = false;
  lag_until = 0;
  hold_tick();
}

static void hold_complete(struct conn *conn) {
  (void)conn;
  failed("a stream has ended");
}

static void lag_add(uint64_t written) {
  const uint64_t now = now_micros();
  samples_add(now > written ? now - written : 0);
}

void hold_lag(const char *line) {
  samples_clear();
  answer_on_stamp = lag_add;
  lag_until = now_micros() + (uint64_t)number_of(line, "ms", 1000) * 1000;
  wake_at(lag_until);
}
const struct mode hold = {"hold", hold_start, hold_complete, NULL, hold_tick};

// ── slow: clients that take a large answer a little at a time.

static size_t each_beat;

static void slow_tick(void) {
  static char bytes[65536];
  for (long at = 0; at < conn_count; at += 1) {
    struct conn *conn = &conns[at];
    if (conn->fd < 0) continue;
    const ssize_t got = recv(conn->fd, bytes, each_beat, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return failed("a slow reader was cut off");
    if (got > 0 && !conn->begun) {
      conn->begun = true;
      if (got < 12 || memcmp(bytes, "HTTP/1.1 200", 12) != 0) return failed("a slow reader was refused");
    }
  }
  wake_at(now_micros() + beat_micros);
}

static void slow_start(const char *line) {
  conns_make(number_of(line, "connections", 1));
  each_beat = (size_t)number_of(line, "perSecond", 1000) * beat_micros / 1000000;
  if (each_beat > 65536) each_beat = 65536;
  for (long at = 0; at < conn_count && mode == &slow_readers; at += 1) {
    // What the system would take in for them is theirs to refuse.
    if (!conn_open(&conns[at], 8192)) return;
    conn_ask(&conns[at], started_at);
  }
  if (mode == &slow_readers) say("{}");
  wake_at(now_micros() + beat_micros);
}

static void nothing(struct conn *conn) { (void)conn; }
const struct mode slow_readers = {"slow", slow_start, nothing, nothing, slow_tick}; // read in its own time, not when it comes

// ── garbage: a client that sends what is not HTTP, or only looks like it, on a new connection each time.

#define TEXT(literal) {literal, sizeof literal - 1}
#define CHAT "POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\n"
static const struct { const char *text; size_t size; } wrong[] = {
    TEXT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS where none is spoken"),
    TEXT(CHAT "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    TEXT(CHAT "transfer-encoding: chunked\r\n\r\nzz\r\n"),
    TEXT("GET /p/demo/openai/v1/models HTTP/1.1\r\nno colon here\r\n\r\n"),
    TEXT(CHAT "content-type: application/json\r\ncontent-length: 9\r\n\r\n{\"model\":"),
    TEXT("\r\n\r\n\r\n GET GET GET"),
};
static long turn, each_second;

static void garbage_tick(void) {
  struct conn *conn = &conns[turn % conn_count];
  conn_drop(conn);
  if (!conn_open(conn, 0)) return;
  const size_t which = (size_t)turn % (sizeof wrong / sizeof *wrong);
  conn->request = wrong[which].text;
  conn->unsent = wrong[which].size;
  turn += 1;
  wake_at(now_micros() + 1000000 / (uint64_t)each_second);
}

static void garbage_start(const char *line) {
  each_second = number_of(line, "perSecond", 10);
  // Each stays for two seconds, unless it is closed by the other side.
  conns_make(2 * each_second);
  turn = 0;
  garbage_tick();
  if (mode == &garbage) say("{}");
}

static void garbage_arrived(struct conn *conn) {
  char bytes[4096];
  ssize_t got;
  while ((got = recv(conn->fd, bytes, sizeof bytes, 0)) > 0) continue;
  if (got == 0 || errno != EAGAIN) conn_drop(conn);
}
const struct mode garbage = {"garbage", garbage_start, nothing, garbage_arrived, garbage_tick};
