// time.h - seconds of the public face as deadlines of the os layer.
#ifndef TENON_FRAME_TIME_H
#define TENON_FRAME_TIME_H

#include <stdint.h>

// The deadline that is `seconds` from now; negative and not a number: now.
uint64_t time_after_ns(double seconds);

#endif
