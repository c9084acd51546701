// port.h - the ports of a run: numbers that stand for its events and queues, for those who can't
// have the pointer.
//
// Invariant, under the lock: a slot has an event from when its number was given out until that is
// withdrawn; if it was asked for meanwhile, until the run's end; or what src/sync keeps of a queue
// (sync/queue_port.h), until its owner has ended. A number is given out once. Start reading at
// port_post_here in port.c.
#ifndef TENON_FRAME_PORT_H
#define TENON_FRAME_PORT_H

#include <tenon/port.h>

#include "os/os.h"

struct run;

struct port_slot {
    struct tn_event *event; // NULL: of a queue, or free
    void *queue;            // NULL: of an event, or free
    uint32_t event_life;    // event->generation: its memory may be another event one day
    uint32_t generation;    // how many events it has stood for
    uint32_t next_free;     // one more than its index; 0: none
};

struct ports {
    struct os_lock lock;
    _Atomic uint64_t run; // a random number of the run; 0: nobody has asked for it yet
    struct port_slot *slots;
    uint32_t count;
    uint32_t free; // as next_free
};

void ports_init(struct ports *ports);
void ports_deinit(struct ports *ports);

// The run's number, made when somebody asks for it first. From any thread.
uint64_t ports_run(struct ports *ports);

// Posts to the event of the run that the port names: as tn_port_post. From any thread.
int port_post_here(struct run *run, struct tn_port port, int64_t value);

// A number for a queue; 0: no memory. And, with the ports' lock, what was given one that this port
// names; NULL: none.
struct tn_port port_of_queue(struct run *run, void *queue);
void *port_find_queue(struct ports *ports, struct tn_port port);

// The event or queue, which has this port number, is being withdrawn.
void port_end(struct run *run, uint64_t number);

#endif
