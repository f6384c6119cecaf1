// What engine and load generator share: time, sockets, words of an order. Linux only (epoll, timerfd).
#ifndef COMMON_H
#define COMMON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CLOCK_MONOTONIC in microseconds: the same clock in every process of a machine.
uint64_t now_micros(void);

// Ends the process with a message: nothing here goes on after an error of its own.
_Noreturn void give_up(const char *what);
void *must_alloc(void *result);

// As many descriptors as this user may have.
void raise_descriptor_limit(void);

// The whole of a file, with a NUL behind it; its length goes to *length.
char *read_whole(const char *path, size_t *length);

// A non-blocking listener on a free port of 127.0.0.1.
int listen_on_loopback(int *port);

// Begins to connect to 127.0.0.1, without waiting; -1 with errno where that fails at once.
// receive_buffer in bytes; 0 leaves it to the system.
int begin_connect(int port, int receive_buffer);
void no_delay(int fd);

// The value of `name=` in a line of words, as number or text (up to the next blank); the default where it is absent.
long number_of(const char *line, const char *name, long otherwise);
bool text_of(const char *line, const char *name, char *into, size_t room);

// Reads what has come on stdin. Calls back with each whole line; ends the process when the other side hangs up.
void read_lines(void (*take)(const char *line));
#endif
