// asking.h - a frame that asks for something at the port of a queue, and is suspended until it is
// answered: here, or in the process whose run has the port.
//
// It lies on the frame's stack. Who answers completes `over`, once, with the code; before that
// whatever was got lies at `item`. A frame that is told to end takes its wish back and waits for
// the answer all the same, behind a shield: so what it has been given is not lost, and nobody
// writes to a stack that is gone. Invariant: nobody but the frame keeps it once `over` is done.
// Start reading at tn_port_wish in asking.c.
#ifndef TENON_SYNC_ASKING_H
#define TENON_SYNC_ASKING_H

#include "frame/awaitable.h"
#include "sync/queue_port.h"

// Not a code: the answer comes.
#define ASKING_WAITS 1

struct asking {
    struct awaitable over; // TN_CANCELLED: it was taken back
    struct tn_port port;
    enum tn_wish wish;
    const struct tn_data_type *type; // of the item; NULL: there is none
    void *item; // with elements: elsewhere of a put, a view of the caller's; else as in sync/item.h
    struct run *run;
    struct queue_ask here; // where the port is of this run
    // Of who asks elsewhere:
    struct list_node node;
    uint64_t number;
    void *taking_back;    // memory for saying so
    struct room *reserve; // for the longest item, where there is no memory when one comes
};

static inline bool wish_puts(enum tn_wish wish) {
    return wish == TN_WISH_PUT || wish == TN_WISH_TRY_PUT;
}

static inline bool wish_gets(enum tn_wish wish) {
    return wish == TN_WISH_GET || wish == TN_WISH_TRY_GET;
}

#endif
