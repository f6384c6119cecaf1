// The load generator: one thread, epoll. Orders come on stdin, a line each; each is answered with a line of JSON.
// load/orders.ts says what there is.
#define _GNU_SOURCE
#include "load.h"
#include "requests.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { most_at_once = 512 };

const struct mode *mode;
int poller, port;
uint64_t started_at;
struct expected expected;
static char expected_end[tail_room + 1];
static int timer;

static char *requests_text;
static struct { const char *at; size_t size; } *requests;
static long request_count, request_turn;
static bool each_in_turn;
static uint64_t drawn = 88172645463325252;

// Marsaglia, Xorshift RNGs (2003): quick, and spread evenly enough.
static long draw(void) {
  drawn ^= drawn << 13;
  drawn ^= drawn >> 7;
  drawn ^= drawn << 17;
  return (long)(drawn % (uint64_t)request_count);
}

const char *next_request(size_t *size) {
  const long turn = each_in_turn ? request_turn : draw();
  request_turn = turn + 1 == request_count ? 0 : turn + 1;
  *size = requests[turn].size;
  return requests[turn].at;
}

void wake_at(uint64_t micros) {
  // A time of zero would switch it off.
  const struct itimerspec at = {.it_value = {.tv_sec = (time_t)(micros / 1000000), .tv_nsec = (long)(micros % 1000000) * 1000 + 1}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

void say(const char *json) {
  puts(json);
  fflush(stdout);
}

static void stop(void) {
  mode = NULL;
  answer_on_stamp = NULL;
  conns_close();
}

void done(void) {
  char text[512], times[256];
  const double seconds = (double)(now_micros() - started_at) / 1e6;
  const long count = samples_count();
  samples_print(times, sizeof times);
  snprintf(text, sizeof text, "{\"requests\":%ld,\"seconds\":%.6f,\"reconnects\":%ld,%s}", count, seconds, reconnects, times);
  stop();
  say(text);
}

void failed(const char *why) {
  if (mode == NULL) return;
  char text[512];
  int at = snprintf(text, sizeof text, "{\"error\":\"%s: ", mode->name);
  for (; *why != 0 && at < 480; why += 1) text[at++] = *why == '"' || *why == '\\' || *why < ' ' ? '.' : *why;
  snprintf(text + at, sizeof text - (size_t)at, "\"}");
  stop();
  say(text);
}

// The requests of a file, one behind the other.
static void read_requests(const char *path) {
  static char last[4096];
  if (strcmp(path, last) == 0) return;
  free(requests_text);
  free(requests);
  size_t length, at = 0, room = 0;
  requests_text = read_whole(path, &length);
  requests = NULL;
  request_count = request_turn = 0;
  for (struct request request; parse_request(requests_text + at, length - at, &request); at += request.size) {
    if ((size_t)request_count == room) {
      room = room == 0 ? 64 : room * 2;
      requests = must_alloc(realloc(requests, room * sizeof *requests));
    }
    requests[request_count].at = requests_text + at;
    requests[request_count++].size = request.size;
  }
  snprintf(last, sizeof last, "%s", path);
}

static void start(const struct mode *wanted, const char *line) {
  char path[4096];
  if (text_of(line, "file", path, sizeof path)) read_requests(path);
  port = (int)number_of(line, "port", 0);
  expected.least = (uint64_t)number_of(line, "least", 0);
  expected.most = (uint64_t)number_of(line, "most", 1L << 40);
  expected.sum = number_of(line, "sum", -1);
  expected_end[0] = 0;
  if (number_of(line, "stream", 0)) strcpy(expected_end, "data: [DONE]\n\n");
  else strcpy(expected_end, "}");
  expected.end = expected_end;
  each_in_turn = number_of(line, "requests", 0) > 0;
  request_turn = 0;
  samples_clear();
  mode = wanted;
  started_at = now_micros();
  if (request_count == 0 && wanted != &garbage) failed("a file of requests is needed");
  else wanted->start(line);
}

static void take_order(const char *line) {
  static const struct mode *const modes[] = {&closed_loop, &open_loop, &storm, &hold, &slow_readers, &garbage};
  if (strncmp(line, "release", 7) == 0) {
    stop();
    return say("{}");
  }
  if (mode == &hold && strncmp(line, "lag", 3) == 0) return hold_lag(line);
  const size_t length = strcspn(line, " ");
  for (size_t at = 0; at < sizeof modes / sizeof *modes; at += 1) {
    if (strlen(modes[at]->name) != length || strncmp(line, modes[at]->name, length) != 0) continue;
    if (mode != NULL) return say("{\"error\":\"an order is under way\"}");
    return start(modes[at], line);
  }
  say("{\"error\":\"an unknown order\"}");
}

static void watch(int fd, void *as) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = as};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll");
}

int main(void) {
  raise_descriptor_limit();
  poller = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (poller < 0 || timer < 0) give_up("epoll");
  watch(STDIN_FILENO, &poller);
  watch(timer, &timer);
  say("{}");
  struct epoll_event events[most_at_once];
  for (;;) {
    const int got = epoll_wait(poller, events, most_at_once, -1);
    for (int at = 0; at < got; at += 1) {
      uint64_t times;
      const struct mode *const before = mode;
      if (events[at].data.ptr == &poller) read_lines(take_order);
      else if (events[at].data.ptr != &timer) conn_event(events[at].data.ptr, events[at].events);
      else if (read(timer, &times, sizeof times) > 0 && mode != NULL) mode->tick();
      // The connections that further events are of have gone with the order that they were made for.
      if (mode != before) break;
    }
  }
}
