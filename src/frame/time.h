// time.h - seconds of the public face as deadlines of the os layer, and sleeping until one.
#ifndef TENON_FRAME_TIME_H
#define TENON_FRAME_TIME_H

#include <stdint.h>

struct tn_self;

// A length of time, rounded; negative and not a number: 0. At most 292 years.
uint64_t time_span_ns(double seconds);

// The deadline that is `seconds` from now; negative and not a number: now.
uint64_t time_after_ns(double seconds);

// Suspends the current frame until then, at least for a moment. TN_OK or why the frame has to end.
int time_sleep_until(struct tn_self *self, uint64_t deadline_ns);

#endif
