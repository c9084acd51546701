// animate.c - calling back at regular moments.
//
// Invariant: moment number k lies at start + k x interval, whatever the calls before took; those
// that have passed are left out, the last one, at the end, never. Start reading at tn_animate.
#include <tenon/time.h>

#include "frame/time.h"
#include "os/os.h"

// The number of the next moment: the one after `done`, or the first that has not passed.
static uint64_t next_moment(uint64_t start_ns, uint64_t interval_ns, uint64_t done) {
    const uint64_t passed_ns = os_now_ns() - start_ns;
    const uint64_t due = passed_ns / interval_ns + (passed_ns % interval_ns != 0 ? 1 : 0);
    return due > done ? due : done + 1;
}

int tn_animate(struct tn_self *self, double seconds, tn_animation *callback, void *data,
               double interval) {
    const uint64_t start_ns = os_now_ns();
    const uint64_t length_ns = time_span_ns(seconds);
    const uint64_t interval_ns = time_span_ns(interval);
    uint64_t moment = 0;
    while (interval_ns > 0) {
        moment = next_moment(start_ns, interval_ns, moment);
        if (moment > length_ns / interval_ns || moment * interval_ns >= length_ns) {
            break;
        }
        const int outcome = time_sleep_until(self, start_ns + moment * interval_ns);
        if (outcome != TN_OK) {
            return outcome;
        }
        callback(self, (double)(moment * interval_ns) / (double)length_ns, data);
    }
    const int outcome = time_sleep_until(self, start_ns + length_ns);
    if (outcome == TN_OK) {
        callback(self, 1.0, data);
    }
    return outcome;
}
