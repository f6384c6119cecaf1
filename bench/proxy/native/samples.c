#include "load.h"
#include <stdio.h>
#include <stdlib.h>

static uint32_t *values;
static long count, room;

void samples_clear(void) { count = 0; }

void samples_add(uint64_t micros) {
  if (count == room) {
    room = room == 0 ? 65536 : room * 2;
    values = must_alloc(realloc(values, (size_t)room * sizeof *values));
  }
  values[count++] = micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros;
}

long samples_count(void) { return count; }

static int by_size(const void *a, const void *b) {
  const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
  return one < other ? -1 : one > other;
}

// Nearest rank, as percentile.ts.
static uint32_t percentile(long percent) {
  const long rank = (count * percent + 99) / 100;
  return values[rank < 1 ? 0 : rank - 1];
}

void samples_print(char *into, size_t size) {
  if (count == 0) {
    snprintf(into, size, "\"p50\":null,\"p99\":null,\"max\":null");
    return;
  }
  qsort(values, (size_t)count, sizeof *values, by_size);
  snprintf(into, size, "\"p50\":%u,\"p99\":%u,\"max\":%u", percentile(50), percentile(99), values[count - 1]);
}
