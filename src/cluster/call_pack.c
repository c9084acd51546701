// call_pack.c - what a DFrame that runs elsewhere takes along: see call_private.h. Start reading at
// call_pack.
#include <string.h>

#include <tenon/dframe.h>

#include "cluster/call_private.h"
#include "cluster/copy.h"
#include "cluster/registry.h"
#include "frame/local.h"
#include "frame/run.h"

static uint64_t left_ns(const struct frame *frame) {
    // OS_NEVER stays what it is.
    const uint64_t now_ns = frame->deadline_ns == OS_NEVER ? 0 : os_now_ns();
    return frame->deadline_ns > now_ns ? frame->deadline_ns - now_ns : 0;
}

struct baggage_wish call_wish(const struct frame *frame, const struct local_snapshot *locals) {
    return (struct baggage_wish){.left_ns = left_ns(frame),
                                 .stack_bytes = (uint32_t)frame->stack_bytes,
                                 .waits_for_children = frame->waits_for_children,
                                 .locals_bytes = locals == NULL ? 0 : locals->bytes};
}

void call_pack(struct call *call, void *baggage, size_t bytes, const struct baggage_wish *wish,
               size_t wish_bytes, const struct local_snapshot *locals) {
    const struct frame *frame = call->frame;
    if (wish_bytes > 0) {
        memcpy(baggage, wish, wish_bytes);
    }
    if (locals != NULL) {
        memcpy((unsigned char *)baggage + bytes - locals->bytes, locals->values, locals->bytes);
    }
    copy_write(frame->type->travel->arguments, frame->payload,
               (unsigned char *)baggage + wish_bytes);
    call->task = (struct owner_task){.id = run_next_task(frame->run),
                                     .function = registry_identity(frame->type),
                                     .arguments = baggage,
                                     .bytes = (uint32_t)bytes,
                                     .begins_max = frame->begins_max > 1 ? frame->begins_max : 1};
}

void call_take_baggage(struct baggage *baggage, struct link *link, const struct frame *frame,
                       size_t bytes) {
    baggage->lender = NULL;
    if (bytes <= sizeof baggage->small) {
        baggage->at = baggage->small;
        return;
    }
    // The elements of the first view begin where the page does.
    size_t head =
        sizeof(struct baggage_wish) + bits_round_up(frame->type->travel->arguments->bytes, 8);
    head = head <= LINK_LENT_HEAD ? head : 0;
    unsigned char *lent = link_lend(link, bytes - head);
    baggage->lender = lent == NULL ? NULL : link;
    baggage->at = lent == NULL ? os_allocate(bytes) : lent - head;
}

void call_pack_light(struct light *light, const struct frame *frame, size_t copied,
                     const struct baggage_wish *wish) {
    const size_t wish_bytes = baggage_wish_bytes(wish, copied);
    call_take_baggage(&light->baggage, NULL, frame, wish_bytes + copied); // it is small
    call_pack(&light->call, light->baggage.at, wish_bytes + copied, wish, wish_bytes, NULL);
}

void call_drop_baggage(struct baggage *baggage) {
    if (baggage->lender != NULL) {
        baggage->lender->calls->unlend(baggage->lender, baggage->at);
    } else if (baggage->at != baggage->small) {
        os_free(baggage->at);
    }
}
