// The orders that end by themselves: `closed`, `open` and `storm`.
#include "load.h"
#include <stdlib.h>

static uint64_t ends_at;
static double per_second;
static long total, sent, finished;
static struct conn **free_conns;
static long free_count, used_count;

// How long answers may take once nothing more is sent.
enum { patience_micros = 20 * 1000 * 1000, slack_micros = 2000 };
// How long a run may take that goes by number of requests.
enum { numbered_micros = 80 * 1000 * 1000 };

static void out_of_patience(void) { failed("answers did not come"); }

// ── closed: each connection sends its next request when its answer is complete. Saturates.

static void closed_start(const char *line) {
  conns_make(number_of(line, "connections", 1));
  total = number_of(line, "requests", 0);
  ends_at = started_at + (total > 0 ? numbered_micros : (uint64_t)number_of(line, "ms", 1000) * 1000);
  sent = finished = 0;
  wake_at(ends_at + patience_micros);
  for (long at = 0; at < conn_count && mode == &closed_loop; at += 1, sent += 1) conn_ask(&conns[at], now_micros());
}

static void closed_complete(struct conn *conn) {
  finished += 1;
  const uint64_t now = now_micros();
  // By number where one was given (each of many requests once), else by time.
  if (total > 0 ? sent < total : now < ends_at) {
    sent += 1;
    conn_ask(conn, now);
  } else if (finished == sent) done();
}
const struct mode closed_loop = {"closed", closed_start, closed_complete, NULL, out_of_patience};

// ── open: requests leave at a fixed rate whatever becomes of those before. Times count from when they were due, so a
// proxy that stands still shows that in every request that came meanwhile (coordinated omission).

static uint64_t due_at(long number) { return started_at + (uint64_t)((double)number * 1e6 / per_second); }

static void open_tick(void) {
  const uint64_t now = now_micros();
  if (sent == total) return out_of_patience();
  for (; sent < total && due_at(sent) <= now && mode == &open_loop; sent += 1) {
    struct conn *conn = free_count > 0 ? free_conns[--free_count] : &conns[used_count++];
    // A little late is the generator's timer; more is that it was busy, and counts as waiting time.
    conn_ask(conn, now - due_at(sent) > slack_micros ? due_at(sent) : now);
  }
  wake_at(sent < total ? due_at(sent) : now + patience_micros);
}

static void open_start(const char *line) {
  per_second = (double)number_of(line, "perSecond", 1);
  total = (long)((double)number_of(line, "ms", 1000) / 1000 * per_second);
  // At worst none is ever free again.
  conns_make(total);
  free(free_conns);
  free_conns = must_alloc(calloc((size_t)total, sizeof *free_conns));
  free_count = used_count = sent = finished = 0;
  open_tick();
}

static void open_complete(struct conn *conn) {
  free_conns[free_count++] = conn;
  if (++finished == total) done();
}
const struct mode open_loop = {"open", open_start, open_complete, NULL, open_tick};

// ── storm: as many new connections at once, with one request each.

static void storm_start(const char *line) {
  conns_make(number_of(line, "connections", 1));
  sent = conn_count;
  finished = 0;
  wake_at(started_at + patience_micros);
  for (long at = 0; at < sent && mode == &storm; at += 1) conn_ask(&conns[at], started_at);
}

static void storm_complete(struct conn *conn) {
  (void)conn;
  if (++finished == sent) done();
}
const struct mode storm = {"storm", storm_start, storm_complete, NULL, out_of_patience};
