// queue_port.h - asks at a queue that come by its port, whoever makes them, and wherever.
//
// An ask is a record in the memory of who made it, no stack: it hangs in the queue's lists of waits
// as a frame would, and is told when it has been answered. Those of one port are known to it, so
// that they end with it.
//
//             queue_ask_begin                fired, dispose
//      (none) ---------------> WAITING ------------------------> ANSWERED --queue_ask_end--> (none)
//         \                       \--queue_ask_withdraw, true-------^
//          \--- answered at once: its outcome says how; nothing is kept of it
//
// Who answers it: one caller of `answered`, under locks; then it is untouched until queue_ask_end.
// Invariant, under the lock of the run's ports: an ask is in its port's list, and has the port,
// from its begin to its end or the port's.
// Lock order: the ports, then what has the waits, then whatever `answered` takes.
// Start reading at queue_ask_begin.
#ifndef TENON_SYNC_QUEUE_PORT_H
#define TENON_SYNC_QUEUE_PORT_H

#include <tenon/process_queue.h>

#include "base/list.h"
#include "sync/wait_list.h"

struct queue_port;
struct run;

struct queue_ask {
    struct waiter waiter;
    struct wait wait;        // its outcome is the answer
    void *item;              // is put in, or written: with elements, as sync/item.h has them
    struct list_node node;   // in the port's list
    struct queue_port *port; // NULL: of none, or of none any more
    enum tn_wish wish;
    _Atomic bool is_answered; // then the queue may be gone, whose port it still has
    // It has been answered. May be called before queue_ask_begin has returned.
    void (*answered)(struct queue_ask *ask);
};

// What the items of the queue are that the port names; NULL: it names none. The description lives
// as long as the program, or plug-in, that has made the port.
const struct tn_data_type *queue_port_type(struct run *run, struct tn_port port);

// Asks for `wish`, with `item` of `type` (both NULL where there is none). True: it waits, and will
// be answered. False: it has been, ask->wait.outcome says how, and the record is free.
bool queue_ask_begin(struct run *run, struct tn_port port, enum tn_wish wish,
                     const struct tn_data_type *type, void *item, struct queue_ask *ask);

// Takes an ask back that waits. False: it has been answered already.
bool queue_ask_withdraw(struct run *run, struct queue_ask *ask);

// It has been answered or taken back: its memory is the caller's when this returns.
void queue_ask_end(struct run *run, struct queue_ask *ask);

#endif
