// Parts of the load generator.
#ifndef LOAD_H
#define LOAD_H
#include "answer.h"
#include "common.h"

struct conn {
  // -1: there is none at present.
  int fd;
  const char *request;
  size_t unsent;
  // When the request was due, µs.
  uint64_t since;
  bool busy;
  // The first byte of the present answer is there.
  bool begun;
  // An answer came on this connection before.
  bool used;
  struct answer answer;
};

// What an order does. Only one is under way at a time.
struct mode {
  const char *name;
  void (*start)(const char *line);
  // An answer is complete.
  void (*complete)(struct conn *conn);
  // Something came; absent: it is read and checked.
  void (*arrived)(struct conn *conn);
  // The time that was asked for with wake_at is there.
  void (*tick)(void);
};
extern const struct mode closed_loop, open_loop, storm, hold, slow_readers, garbage;
extern const struct mode *mode;

// connection.c
extern struct conn *conns;
extern long conn_count, reconnects;
void conns_make(long count);
void conns_close(void);
bool conn_open(struct conn *conn, int receive_buffer);
void conn_drop(struct conn *conn);
// Sends the next of the requests, on a new connection where there is none.
void conn_ask(struct conn *conn, uint64_t since);
void conn_event(struct conn *conn, uint32_t events);

// load.c
extern int poller, port;
extern struct expected expected;
extern uint64_t started_at;
const char *next_request(size_t *size);
void wake_at(uint64_t micros);
// Ends the order with its result, or with why there is none.
void done(void);
void failed(const char *why);
// Answers an order, which goes on.
void say(const char *json);

// background.c: how late events are, of the streams that are held.
void hold_lag(const char *line);

// samples.c: microseconds of everything since the last `samples_clear`.
void samples_clear(void);
void samples_add(uint64_t micros);
long samples_count(void);
// Sorts; then `"p50":…,"p99":…,"max":…`.
void samples_print(char *into, size_t room);
#endif
