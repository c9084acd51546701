// asking.c - see asking.h.
#include "sync/asking.h"

#include <stdio.h>

#include "frame/current.h"
#include "frame/elsewhere.h"
#include "frame/misuse.h"
#include "frame/run.h"
#include "sync/item.h"

// It lies on the stack of the only one who waits.
static void keep(struct awaitable *awaitable) {
    (void)awaitable;
}

static void tell(const struct awaitable *awaitable, char *text, size_t bytes) {
    (void)awaitable;
    (void)snprintf(text, bytes, "waits at the port of a queue");
}

static const struct awaitable_kind kind = {keep, keep, tell};

// ---- at a queue of this run ------------------------------------------------------------------

static void answered_here(struct queue_ask *ask) {
    struct asking *asking = container_of(ask, struct asking, here);
    awaitable_complete(&asking->over, ask->wait.outcome, NULL, true, NULL);
}

static int ask_here(struct asking *asking) {
    asking->here.answered = answered_here;
    const bool waits = queue_ask_begin(asking->run, asking->port, asking->wish, asking->type,
                                       asking->item, &asking->here);
    return waits ? ASKING_WAITS : asking->here.wait.outcome;
}

static void take_back_here(struct asking *asking) {
    if (queue_ask_withdraw(asking->run, &asking->here)) {
        awaitable_complete(&asking->over, TN_CANCELLED, NULL, true, NULL);
    }
}

// ---- at any ----------------------------------------------------------------------------------

// `border`: NULL for a queue of this run.
static int wait_for_answer(struct tn_self *self, struct asking *asking, struct frame *border) {
    int outcome;
    const int due = awaitable_wait(self, &asking->over, NULL, false);
    if (!awaitable_is_done(&asking->over, &outcome)) { // the frame has to end
        if (border != NULL) {
            asking->run->elsewhere->take_back(border, asking);
        } else {
            take_back_here(asking);
        }
        outcome = awaitable_wait(self, &asking->over, NULL, true);
        outcome = outcome == TN_CANCELLED ? due : outcome;
    }
    // Whoever has completed it is done with it.
    awaitable_lock(&asking->over);
    awaitable_unlock(&asking->over);
    return outcome;
}

// `border` as above. Asks, and waits for the answer if it does not come at once.
static int ask_and_wait(struct tn_self *self, struct asking *asking, struct frame *border) {
    struct run *run = asking->run;
    int code = border != NULL ? run->elsewhere->ask(border, asking) : ask_here(asking);
    if (code == ASKING_WAITS) {
        code = wait_for_answer(self, asking, border);
        if (border == NULL) {
            queue_ask_end(run, &asking->here);
        }
    }
    return code;
}

static int put_elements(struct tn_self *self, struct asking *asking, struct frame *border,
                        size_t element_bytes) {
    struct item_view item = {NULL, 0};
    size_t bytes;
    int code;
    if (border != NULL) { // they are copied on their way
        code = item_measure(element_bytes, asking->item, &bytes);
    } else {
        code = item_copy(element_bytes, asking->item, &item);
        asking->item = &item;
    }
    code = code == TN_OK ? ask_and_wait(self, asking, border) : code;
    if (code != TN_OK) {
        item_drop(&item);
    }
    return code;
}

static int get_elements(struct tn_self *self, struct asking *asking, struct frame *border) {
    void *const view = asking->item;
    struct item_view item;
    asking->item = &item;
    const int code = ask_and_wait(self, asking, border);
    if (code == TN_OK) {
        item_receive(self, &item);
        memcpy(view, &item, sizeof item);
    }
    return code;
}

int tn_port_wish(struct tn_self *self, struct tn_port port, enum tn_wish wish,
                 const struct tn_data_type *type, void *item) {
    if (current_is_outside(self)) {
        return misuse_outside();
    }
    struct frame *frame = frame_nearest(self);
    struct run *run = frame->run;
    struct elsewhere *elsewhere = run->elsewhere;
    const bool goes = elsewhere != NULL && elsewhere->ask != NULL &&
                      port.run != atomic_load_relaxed(&run->ports.run);
    struct frame *border = goes ? elsewhere_border(frame) : NULL;
    struct asking asking = {.port = port, .wish = wish, .type = type, .item = item, .run = run};
    awaitable_init(&asking.over, &kind, false);
    const size_t element_bytes = item_element_bytes(type);
    if (element_bytes == 0) {
        return ask_and_wait(self, &asking, border);
    }
    return wish_puts(wish) ? put_elements(self, &asking, border, element_bytes)
                           : get_elements(self, &asking, border);
}

int tn_port_task_done(struct tn_self *self, struct tn_port port) {
    const int code = tn_port_wish(self, port, TN_WISH_DONE, NULL, NULL);
    return code != TN_OUT_OF_RANGE
               ? code
               : misuse(code, "a queue was told at its port too often that an item is done: say "
                              "it once for each that was got out");
}

int tn_port_join(struct tn_self *self, struct tn_port port) {
    return tn_port_wish(self, port, TN_WISH_JOIN, NULL, NULL);
}

int tn_port_close(struct tn_self *self, struct tn_port port) {
    return tn_port_wish(self, port, TN_WISH_CLOSE, NULL, NULL);
}
