#define _GNU_SOURCE
#include "load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn *conns;
long conn_count, reconnects;

void conns_make(long count) {
  conns = must_alloc(calloc((size_t)count, sizeof *conns));
  conn_count = count;
  reconnects = 0;
  for (long at = 0; at < count; at += 1) conns[at].fd = -1;
}

void conns_close(void) {
  for (long at = 0; at < conn_count; at += 1) conn_drop(&conns[at]);
  free(conns);
  conns = NULL;
  conn_count = 0;
}

void conn_drop(struct conn *conn) {
  if (conn->fd >= 0) close(conn->fd);
  conn->fd = -1;
  conn->used = false;
}

// @param receive_buffer in bytes; 0 leaves it to the system
bool conn_open(struct conn *conn, int receive_buffer) {
  conn->fd = begin_connect(port, receive_buffer);
  if (conn->fd < 0) {
    failed(strerror(errno));
    return false;
  }
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = conn};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, conn->fd, &event) != 0) give_up("epoll");
  return true;
}

static void push(struct conn *conn) {
  while (conn->unsent > 0) {
    const ssize_t sent = send(conn->fd, conn->request, conn->unsent, MSG_NOSIGNAL);
    if (sent < 0) return; // not yet, or never: an event says which
    conn->request += sent;
    conn->unsent -= (size_t)sent;
  }
}

static void ask_again(struct conn *conn) {
  conn->begun = false;
  answer_begin(&conn->answer, expected.sum >= 0 && !conn->used);
  if (conn->fd >= 0 || conn_open(conn, 0)) push(conn);
}

void conn_ask(struct conn *conn, uint64_t since) {
  conn->request = next_request(&conn->unsent);
  conn->since = since;
  conn->busy = true;
  ask_again(conn);
}

// The other side has hung up, or broke off. A connection that was kept may be closed under a request; clients then
// send it once more, on a new one.
static void lost(struct conn *conn, const char *why) {
  const bool again = conn->busy && conn->used && !conn->begun;
  conn_drop(conn);
  if (!conn->busy) return;
  if (!again) return failed(why);
  reconnects += 1;
  conn->request = next_request(&conn->unsent);
  ask_again(conn);
}

static void take(struct conn *conn, const char *bytes, size_t size) {
  if (!conn->busy) return failed("bytes that nobody asked for");
  if (!conn->begun) {
    conn->begun = true;
    samples_add(now_micros() - conn->since);
  }
  answer_take(&conn->answer, &expected, bytes, size);
  if (conn->answer.phase == BROKEN) return failed(conn->answer.problem);
  if (conn->answer.phase != COMPLETE) return;
  conn->busy = false;
  conn->used = true;
  if (conn->answer.closes) conn_drop(conn);
  mode->complete(conn);
}

void conn_event(struct conn *conn, uint32_t events) {
  static char bytes[256 * 1024];
  if (conn->fd < 0) return;
  const struct mode *const before = mode;
  if (events & EPOLLOUT && conn->unsent > 0) push(conn);
  if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  if (mode->arrived != NULL) return mode->arrived(conn);
  for (;;) {
    const int fd = conn->fd;
    const ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return lost(conn, strerror(errno));
    if (got == 0) return lost(conn, "the connection was closed before the answer was there");
    take(conn, bytes, (size_t)got);
    // The order may be over, and the connection with it. Less than there was room for is all that there was, unless
    // the other side has also hung up.
    if (mode != before || conns == NULL || conn->fd != fd) return;
    if ((size_t)got < sizeof bytes && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  }
}
