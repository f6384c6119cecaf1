// An engine that costs next to nothing: ready-made bytes, one thread, epoll. `engine FOLDER`: answers from the files
// that wire.ts writes there. Says {"port":N} when it listens; `count` on stdin is answered with the requests so far.
#define _GNU_SOURCE
#include "common.h"
#include "requests.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { wheel_slots = 4096, event_room = 1024, most_at_once = 512 };

struct bytes {
  char *text;
  size_t length;
};

struct conn {
  int fd;
  bool gone;
  char *in;
  size_t have, room;
  // What is being written: first `out`, then the events of a stream, then its end.
  const char *out;
  size_t left;
  char *own; // what `out` points into where it is not shared
  char event[event_room];
  long events, gap;
  uint64_t due;
  bool streaming, usage, listed;
  struct conn *next;
};

static const char stream_head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
                                  "transfer-encoding: chunked\r\n\r\n";
static struct bytes json_answer, event_chunk, stream_end, stream_end_usage, models_answer, empty_answer;
static size_t stamp_at; // where in a chunk the time goes
static struct conn *ready;
static struct conn *wheel[wheel_slots];
static uint64_t wheel_at;
static long in_wheel;
static uint64_t requests;
static int poller;

static struct bytes format(const char *pattern, const char *text) {
  struct bytes made;
  const int length = asprintf(&made.text, pattern, strlen(text), text);
  if (length < 0) give_up("memory");
  made.length = (size_t)length;
  return made;
}

static char *file_of(const char *folder, const char *name) {
  char path[4096];
  size_t length;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return read_whole(path, &length);
}

static void prepare(const char *folder) {
  const char *plain = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s";
  json_answer = format(plain, file_of(folder, "json"));
  models_answer = format(plain, file_of(folder, "models"));
  empty_answer = format(plain, "{}");
  event_chunk = format("%zx\r\n%s\r\n", file_of(folder, "event"));
  const char *stamp = strstr(event_chunk.text, "t=0");
  if (stamp == NULL || event_chunk.length > event_room) give_up("the event has no place for its time");
  stamp_at = (size_t)(stamp - event_chunk.text) + 2;
  stream_end = format("%zx\r\n%s\r\n0\r\n\r\n", file_of(folder, "done"));
  struct bytes usage = format("%zx\r\n%s\r\n", file_of(folder, "usage"));
  if (asprintf(&stream_end_usage.text, "%s%s", usage.text, stream_end.text) < 0) give_up("memory");
  stream_end_usage.length = strlen(stream_end_usage.text);
}

static void end(struct conn *conn) {
  if (conn->gone) return;
  conn->gone = true;
  close(conn->fd);
}

static void release(struct conn *conn) {
  free(conn->in);
  free(conn->own);
  free(conn);
}

static void list_ready(struct conn *conn) {
  conn->listed = true;
  conn->next = ready;
  ready = conn;
}

static void list_due(struct conn *conn) {
  if (in_wheel == 0) wheel_at = now_micros() / 1000;
  uint64_t slot = conn->due <= wheel_at ? wheel_at + 1 : conn->due;
  if (slot >= wheel_at + wheel_slots) slot = wheel_at + wheel_slots - 1;
  conn->listed = true;
  conn->next = wheel[slot % wheel_slots];
  wheel[slot % wheel_slots] = conn;
  in_wheel += 1;
}

// Whether all of it went out; else the rest follows when the socket says so.
static bool flush(struct conn *conn) {
  while (conn->left > 0) {
    const ssize_t sent = send(conn->fd, conn->out, conn->left, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) end(conn);
      return false;
    }
    conn->out += sent;
    conn->left -= (size_t)sent;
  }
  return true;
}

static bool say(struct conn *conn, const char *text, size_t length) {
  conn->out = text;
  conn->left = length;
  return flush(conn);
}

static void put_stamp(char *at) {
  uint64_t value = now_micros();
  for (int digit = 15; digit >= 0; digit -= 1, value /= 10) at[digit] = (char)('0' + value % 10);
}

// One event more; behind the last one the end, at once. Puts the connection on the list that its next event waits on.
static void advance(struct conn *conn) {
  if (conn->gone || !conn->streaming) return;
  if (conn->events > 0) {
    conn->events -= 1;
    memcpy(conn->event, event_chunk.text, event_chunk.length);
    put_stamp(conn->event + stamp_at);
    if (!say(conn, conn->event, event_chunk.length)) return; // goes on when the socket takes more
  }
  if (conn->events == 0) {
    conn->streaming = false;
    const struct bytes *last = conn->usage ? &stream_end_usage : &stream_end;
    say(conn, last->text, last->length);
    return;
  }
  conn->due += (uint64_t)conn->gap;
  if (conn->gap == 0) list_ready(conn);
  else list_due(conn);
}

static void begin_bytes(struct conn *conn, long size) {
  free(conn->own);
  char head[128];
  const int length = snprintf(head, sizeof head,
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %ld\r\n\r\n", size);
  conn->own = must_alloc(malloc((size_t)(length + size)));
  memcpy(conn->own, head, (size_t)length);
  memset(conn->own + length, 'x', (size_t)size);
  memcpy(conn->own + length, "{\"x\":\"", 6);
  memcpy(conn->own + length + size - 2, "\"}", 2);
  say(conn, conn->own, (size_t)(length + size));
}

static void reply(struct conn *conn, const struct request *request) {
  if (!request->is_post) {
    const struct bytes *answer = request->asks_models ? &models_answer : &empty_answer;
    say(conn, answer->text, answer->length);
    return;
  }
  requests += 1;
  const struct wanted wanted = wanted_by(request);
  if (wanted.bytes > 0) begin_bytes(conn, wanted.bytes);
  else if (wanted.events > 0) {
    conn->events = wanted.events;
    conn->gap = wanted.gap;
    conn->usage = wanted.usage;
    conn->streaming = true;
    conn->due = now_micros() / 1000;
    if (say(conn, stream_head, sizeof stream_head - 1)) advance(conn);
  } else say(conn, json_answer.text, json_answer.length);
}

static void take(struct conn *conn) {
  for (;;) {
    if (conn->room - conn->have < 16384) {
      conn->room = conn->room == 0 ? 32768 : conn->room * 2;
      conn->in = must_alloc(realloc(conn->in, conn->room));
    }
    const size_t space = conn->room - conn->have - 1; // a NUL behind it keeps the readers of numbers within it
    const ssize_t got = recv(conn->fd, conn->in + conn->have, space, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return end(conn);
    if (got < 0) break;
    conn->have += (size_t)got;
    conn->in[conn->have] = 0;
    // Less than there was room for: the rest, if any, comes with an event of its own (epoll(7), edge-triggered).
    if ((size_t)got < space) break;
  }
  struct request request;
  while (!conn->gone && conn->left == 0 && !conn->streaming && parse_request(conn->in, conn->have, &request)) {
    reply(conn, &request);
    conn->have -= request.size;
    memmove(conn->in, conn->in + request.size, conn->have + 1);
  }
}

static void answer_order(const char *line) {
  if (strncmp(line, "count", 5) == 0) {
    printf("{\"requests\":%llu}\n", (unsigned long long)requests);
    fflush(stdout);
  }
}

static void welcome(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct conn *conn = must_alloc(calloc(1, sizeof *conn));
    conn->fd = fd;
    no_delay(fd);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = conn};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll");
  }
}

static void on_event(const struct epoll_event *event) {
  struct conn *conn = event->data.ptr;
  if (conn->gone) return;
  if (event->events & EPOLLOUT && conn->left > 0 && flush(conn) && conn->streaming && !conn->listed) advance(conn);
  if (!conn->gone && event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) take(conn);
  if (conn->gone && !conn->listed) release(conn);
}

// Each connection of a list once; those that go on are listed anew.
static void advance_all(struct conn *list) {
  while (list != NULL) {
    struct conn *conn = list;
    list = conn->next;
    conn->listed = false;
    advance(conn);
    if (conn->gone && !conn->listed) release(conn);
  }
}

static void turn_wheel(void) {
  const uint64_t now = now_micros() / 1000;
  if (in_wheel == 0) {
    wheel_at = now;
    return;
  }
  while (wheel_at < now) {
    wheel_at += 1;
    struct conn *due = wheel[wheel_at % wheel_slots];
    wheel[wheel_at % wheel_slots] = NULL;
    for (struct conn *one = due; one != NULL; one = one->next) in_wheel -= 1;
    advance_all(due);
  }
}

int main(int count, char **words) {
  if (count != 2) give_up("engine FOLDER");
  raise_descriptor_limit();
  prepare(words[1]);
  int port;
  int listener = listen_on_loopback(&port);
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event door = {.events = EPOLLIN, .data.ptr = &listener};
  struct epoll_event orders = {.events = EPOLLIN, .data.ptr = &requests};
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &door) != 0 ||
      epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &orders) != 0)
    give_up("epoll");
  wheel_at = now_micros() / 1000;
  printf("{\"port\":%d}\n", port);
  fflush(stdout);
  struct epoll_event events[most_at_once];
  for (;;) {
    const int got = epoll_wait(poller, events, most_at_once, ready != NULL ? 0 : in_wheel > 0 ? 1 : -1);
    for (int at = 0; at < got; at += 1) {
      if (events[at].data.ptr == &listener) welcome(listener);
      else if (events[at].data.ptr == &requests) read_lines(answer_order);
      else on_event(&events[at]);
    }
    turn_wheel();
    struct conn *list = ready;
    ready = NULL;
    advance_all(list);
  }
}
