#define _GNU_SOURCE
#include "common.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t now_micros(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

_Noreturn void give_up(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

void *must_alloc(void *result) {
  if (result == NULL) give_up("memory");
  return result;
}

void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

char *read_whole(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) give_up(path);
  const size_t size = (size_t)ftell(file);
  rewind(file);
  char *bytes = must_alloc(malloc(size + 1));
  if (fread(bytes, 1, size, file) != size) give_up(path);
  fclose(file);
  bytes[size] = 0;
  *length = size;
  return bytes;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void no_delay(int fd) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int listen_on_loopback(int *port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16384) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    give_up("listen");
  *port = ntohs(address.sin_port);
  return fd;
}

int begin_connect(int port, int receive_buffer) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const struct sockaddr_in address = loopback(port);
  no_delay(fd);
  if (receive_buffer > 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS) return fd;
  const int why = errno;
  close(fd);
  errno = why;
  return -1;
}

static const char *value_of(const char *line, const char *name) {
  const size_t length = strlen(name);
  for (const char *at = line; (at = strstr(at, name)) != NULL; at += length) {
    if (at > line && at[-1] == ' ' && at[length] == '=') return at + length + 1;
  }
  return NULL;
}

long number_of(const char *line, const char *name, long otherwise) {
  const char *value = value_of(line, name);
  return value == NULL ? otherwise : strtol(value, NULL, 10);
}

bool text_of(const char *line, const char *name, char *into, size_t room) {
  const char *value = value_of(line, name);
  if (value == NULL) return false;
  const size_t length = strcspn(value, " ");
  if (length >= room) return false;
  memcpy(into, value, length);
  into[length] = 0;
  return true;
}

void read_lines(void (*take)(const char *line)) {
  static char pending[8192];
  static size_t have;
  const ssize_t got = read(STDIN_FILENO, pending + have, sizeof pending - 1 - have);
  if (got == 0) exit(0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    exit(0);
  }
  have += (size_t)got;
  pending[have] = 0;
  char *line = pending;
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = 0;
    take(line);
  }
  have -= (size_t)(line - pending);
  memmove(pending, line, have);
  if (have == sizeof pending - 1) give_up("an order without end");
}
