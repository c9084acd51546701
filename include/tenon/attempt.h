// tenon/attempt.h - which DFrame this is, and which attempt of it: for what it writes outside.
//
//     TN_DFRAME(void, store, (int, account), (double, amount)) {
//         const struct tn_attempt mine = tn_attempt_of(self);
//         execute("INSERT INTO bookings VALUES (?, ?, ?, ?, ?)"
//                 " ON CONFLICT (run, task) DO UPDATE SET attempt = excluded.attempt, ..."
//                 " WHERE excluded.attempt > bookings.attempt",
//                 mine.run, mine.task, mine.attempt, account, amount);
//     }
//
//     tn_spawn_with(TN_OPTIONS(.begins_max = 3), store, 17, 9.5);
//
// A DFrame that begins again when its process is lost (begins_max in tenon/frame.h) may have
// written something the first time, and where a process was only cut off, its last words may arrive
// after those of the next attempt. No runtime can take that back. But who receives them can refuse
// them: run and task are the same in each attempt, the number of the attempt grows.
#ifndef TENON_ATTEMPT_H
#define TENON_ATTEMPT_H

#include <tenon/data.h>
#include <tenon/task.h>

#ifdef __cplusplus
extern "C" {
#endif

// The run, a random number, the same that its ports have (tenon/port.h); the DFrame, which no other
// of that run shares; and how often it may have begun before, plus one: 1 the first time,
// begins_max the last time. It travels (tenon/data.h), so it can be an argument, or a TN_DLOCAL.
// All zeros: no attempt.
TN_DATA(tn_attempt, (uint64_t, run), (uint64_t, task), (uint32_t, attempt));

// Returns which DFrame the current frame is, the same each time it asks. Where DFrames run in this
// process too: with attempt 1, unless it began elsewhere before. All zeros when the current frame
// is a Frame or a PFrame, also one below a DFrame (hand it what the DFrame has learned), outside of
// frames, and without memory.
//
// A DFrame below one that was sent to another process runs there as a part of it, and begins again
// only with it: it learns what that one would. Everything else that a function calls or awaits
// changes nothing about what it learns.
TN_PUBLIC struct tn_attempt tn_attempt_of(struct tn_self *self);

#ifdef __cplusplus
}
#endif

#endif
