// tenon/port.h - where a frame can post an event of an ancestor from another process.
//
//     TN_DFRAME(int, search, (int, from), (int, to), (struct tn_port, found)) {
//         ...
//             tn_port_post(self, found, n);
//     }
//
//     struct tn_event *found = tn_event_create(self, "found");
//     tn_task(search) task = tn_spawn(search, 0, 1000, tn_port_of(found));
//     void *value;
//     tn_event_wait(self, found, &value);          // (intptr_t)value is the n
//
// An event is a pointer, and does not travel; its port is a number that does (tenon/data.h), so a
// DFrame can have it as an argument. What is posted there is posted to the event: in the process of
// the event, by whoever posts; from a DFrame in another process, as a message. The program is the
// same with and without other processes.
//
// What one frame posts arrives in order, and all that a DFrame and what is below it have posted is
// posted here before its result is. As with every event, what is posted while nobody waits is lost;
// so it is when the event has ended meanwhile, or the process of the DFrame is lost on the way. A
// DFrame that begins again (begins_max in tenon/frame.h) posts again.
//
// A port lives as long as its event. Its number is given to no other event of the run, so an old
// one, or one that was made up, names nothing.
#ifndef TENON_PORT_H
#define TENON_PORT_H

#include <tenon/data.h>
#include <tenon/event.h>

#ifdef __cplusplus
extern "C" {
#endif

// Which run, and which event of it: 0 and 0 name nothing.
TN_DATA(tn_port, (uint64_t, run), (uint64_t, number));

// The port of an event, the same each time. From a frame of the event's run. Of NULL, of an event
// that has ended, or without memory, one that names nothing.
TN_PUBLIC struct tn_port tn_port_of(struct tn_event *event);

// Posts to the event of a port: who waits for it gets `value` as (void *)(intptr_t)value. From a
// frame of the event's run, or of a DFrame that this has sent to another process; never waits.
// Returns TN_OK; TN_REMOVED when the port names nothing (any more), which a DFrame in another
// process does not hear of; TN_NO_MEMORY.
TN_PUBLIC int tn_port_post(struct tn_self *self, struct tn_port port, int64_t value);

#ifdef __cplusplus
}
#endif

#endif
